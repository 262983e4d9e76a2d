package org.anabranch.runtime.exchange.output;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.ArrayDeque;

/**
 * Encoded frames of one channel that wait for their socket, as a run of bytes in chunks.
 *
 * <p>Small frames share a chunk and so a system call; a large one spans several. Unbounded by
 * itself: whoever appends asks {@link #bytes} and stops in time.
 */
final class SendQueue {
  // Chunks handed to one gathering write; more would only make a longer call.
  private static final int GATHERED = 16;

  private final ChunkPool pool;
  // Of each chunk, position is what the socket has taken and limit what has been appended.
  private final ArrayDeque<ByteBuffer> chunks = new ArrayDeque<>();
  private final ArrayDeque<Long> frameEnds = new ArrayDeque<>();
  private final ByteBuffer[] gathered = new ByteBuffer[GATHERED];
  private long appended;
  private long written;
  private long lastEnd;

  SendQueue(ChunkPool pool) {
    this.pool = pool;
  }

  /** Returns the number of unsent bytes. */
  long bytes() {
    return appended - written;
  }

  /** Returns the number of frames that are not entirely sent. */
  int frames() {
    return frameEnds.size();
  }

  /** Returns false while a frame is partly sent: its head cannot be sent again. */
  boolean atFrameBoundary() {
    return written == lastEnd;
  }

  void append(byte[] source, int offset, int length) {
    int from = offset;
    int left = length;
    while (left > 0) {
      ByteBuffer tail = chunks.peekLast();
      if (tail == null || tail.limit() == tail.capacity()) {
        tail = pool.acquire();
        chunks.add(tail);
      }
      int at = tail.limit();
      int n = Math.min(left, tail.capacity() - at);
      tail.limit(at + n).put(at, source, from, n);
      from += n;
      left -= n;
    }
    appended += length;
  }

  void endFrame() {
    frameEnds.add(appended);
  }

  /** Writes as much as the socket takes; returns true if that was all. */
  boolean writeTo(GatheringByteChannel socket) throws IOException {
    while (!chunks.isEmpty()) {
      int n = 0;
      for (ByteBuffer chunk : chunks) {
        if (n == GATHERED) {
          break;
        }
        gathered[n++] = chunk;
      }
      long taken = socket.write(gathered, 0, n);
      if (taken == 0) {
        return false;
      }
      sent(taken);
    }
    return true;
  }

  private void sent(long taken) {
    written += taken;
    while (!chunks.isEmpty() && !chunks.peek().hasRemaining()) {
      pool.release(chunks.poll());
    }
    while (!frameEnds.isEmpty() && frameEnds.peek() <= written) {
      lastEnd = frameEnds.poll();
    }
  }

  void clear() {
    while (!chunks.isEmpty()) {
      pool.release(chunks.poll());
    }
    frameEnds.clear();
    lastEnd = written = appended;
  }
}
