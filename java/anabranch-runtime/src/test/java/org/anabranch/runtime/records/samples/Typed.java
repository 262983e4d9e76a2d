package org.anabranch.runtime.records.samples;

import java.math.BigInteger;
import java.time.OffsetDateTime;
import java.util.LinkedList;
import java.util.TreeMap;

/** Fields of every type that is narrower than what arrives from Python. */
public record Typed(
    byte tiny,
    Short small,
    int number,
    long wide,
    float real,
    double precise,
    BigInteger big,
    OffsetDateTime time,
    LinkedList<String> list,
    TreeMap<String, Long> map) {}
