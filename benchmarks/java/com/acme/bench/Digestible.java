package com.acme.bench;

/** A record with a digest of its own; tuples need none. */
public interface Digestible {

  /** Returns {@link Digest#of} the fields, in the order that the Python class has. */
  long digest();
}
