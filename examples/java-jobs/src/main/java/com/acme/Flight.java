package com.acme;

import java.io.Serializable;

/** The twin of the dataclass in python/flights.py. */
public record Flight(String carrier, int delay) implements Serializable {}
