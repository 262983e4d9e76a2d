package org.anabranch.runtime.exchange.output;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** Direct buffers of one size, used again and again by the send queues of a task. */
final class ChunkPool {
  static final int CHUNK_BYTES = 64 << 10;

  // More than a task's queues hold in steady state; beyond it chunks go to the garbage collector.
  private static final int KEPT = 64;

  private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();

  /** Returns a chunk without content: position and limit are 0. */
  ByteBuffer acquire() {
    ByteBuffer chunk = free.poll();
    if (chunk == null) {
      chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    }
    return chunk.limit(0);
  }

  void release(ByteBuffer chunk) {
    if (free.size() < KEPT) {
      free.push(chunk.position(0));
    }
  }
}
