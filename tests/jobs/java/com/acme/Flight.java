package com.acme;

/** The Java side of the dataclass in test_types.py. */
public record Flight(String carrier, int delay) {}
