package org.anabranch.runtime.exchange.wire;

import java.nio.ByteBuffer;

/**
 * Bytes of one connection that were received and not yet handled.
 *
 * <p>Grows with what has really arrived, never by what a peer says will come.
 */
public final class ReceiveBuffer {
  private static final int SMALL = 16 << 10;

  // A buffer that one huge frame has blown up is not kept for the small ones after it.
  private static final int KEPT = 512 << 10;

  private byte[] bytes = new byte[SMALL];
  private int start;
  private int end;

  public int available() {
    return end - start;
  }

  public byte[] array() {
    return bytes;
  }

  /** Returns the index in {@link #array} of the first unhandled byte. */
  public int start() {
    return start;
  }

  public void append(ByteBuffer source) {
    int n = source.remaining();
    if (bytes.length - end < n) {
      makeRoom(n);
    }
    source.get(bytes, end, n);
    end += n;
  }

  private void makeRoom(int n) {
    int held = end - start;
    byte[] target = bytes;
    if (bytes.length - held < n) {
      target = new byte[Math.max(held + n, 2 * bytes.length)];
    }
    System.arraycopy(bytes, start, target, 0, held);
    bytes = target;
    start = 0;
    end = held;
  }

  /** Returns the unsigned 32-bit number that begins {@code offset} bytes after {@link #start}. */
  public long unsignedInt(int offset) {
    int at = start + offset;
    return (bytes[at] & 0xFFL) << 24
        | (bytes[at + 1] & 0xFFL) << 16
        | (bytes[at + 2] & 0xFFL) << 8
        | (bytes[at + 3] & 0xFFL);
  }

  public void skip(int n) {
    start += n;
  }

  /** Gives memory back after a huge frame. Content handed out before is invalid from now on. */
  public void trim() {
    if (start == end) {
      start = end = 0;
      if (bytes.length > KEPT) {
        bytes = new byte[SMALL];
      }
    }
  }
}
