package org.anabranch.runtime.replay;

import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/**
 * Arrays for slabs. Those of the largest size are used again and again: the garbage collector has
 * nothing to copy then, however much is logged.
 */
final class SlabPool {
  private static final int SMALLEST = 4 << 10;
  private static final int LARGEST = 256 << 10;
  private static final int GROWTH = 4;

  private final ArrayDeque<byte[]> free = new ArrayDeque<>();
  private final LongSupplier most;

  /** Creates a pool that keeps so many unused bytes at most. */
  SlabPool(LongSupplier most) {
    this.most = most;
  }

  /**
   * Returns an array with room for so many bytes.
   *
   * @param before size of the slab before it in the segment: the first of a segment are small, for
   *     a task may have many channels on which little is sent
   */
  byte[] acquire(int least, int before) {
    int size = Math.max(least, Math.min(LARGEST, Math.max(SMALLEST, before * GROWTH)));
    byte[] pooled = size == LARGEST ? free.poll() : null;
    return pooled == null ? new byte[size] : pooled;
  }

  /** Takes back what nobody uses any more. */
  void release(byte[] bytes) {
    if (bytes.length == LARGEST && (free.size() + 1L) * LARGEST <= most.getAsLong()) {
      free.push(bytes);
    }
  }

  /** Leaves all that is unused to the garbage collector. */
  void clear() {
    free.clear();
  }
}
