package com.acme.flights;

/**
 * What delays are grouped by.
 *
 * @param dimension "carrier" or "origin"
 * @param name code of the airline or the airport
 */
public record Group(String dimension, String name) {}
