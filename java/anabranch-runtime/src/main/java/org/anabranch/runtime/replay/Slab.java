package org.anabranch.runtime.replay;

/** A piece of memory that holds frames of one epoch, one after the other, until it is spilled. */
final class Slab {
  byte[] bytes; // null once its content stands in the file
  int used;
  long position; // in the file

  Slab(byte[] bytes) {
    this.bytes = bytes;
  }
}
