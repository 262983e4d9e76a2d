package com.acme;

import java.io.Serializable;

/** The record of six fields that crosses; the Python class has the same fields. */
public record Item(long id, String name, double price, boolean active, String city, long quantity)
    implements Serializable {}
