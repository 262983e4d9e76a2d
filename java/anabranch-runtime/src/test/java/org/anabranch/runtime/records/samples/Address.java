package org.anabranch.runtime.records.samples;

import java.util.List;

/** A record with its components in no particular order. */
public record Address(String street, List<String> lines) {}
