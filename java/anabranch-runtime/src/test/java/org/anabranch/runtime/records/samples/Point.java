package org.anabranch.runtime.records.samples;

/** A record. */
public record Point(int x, double y) {}
