package org.anabranch.runtime.exchange.wire;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.IntFunction;
import org.anabranch.proto.v1.HeldLogs;
import org.anabranch.runtime.replay.Piece;

/**
 * The determinant logs that a recovering producer has asked for, in parts, each with its length in
 * front. A part is made when it is asked for: logs may be large, and grow meanwhile.
 */
public final class LogMessages implements Iterator<ByteBuffer> {
  private final IntFunction<Piece> next;
  private final int maxFrameBytes;
  private boolean done;

  /** Takes what makes parts, each for a limit of bytes. */
  public LogMessages(IntFunction<Piece> next, int maxFrameBytes) {
    this.next = next;
    this.maxFrameBytes = maxFrameBytes;
  }

  @Override
  public boolean hasNext() {
    return !done;
  }

  @Override
  public ByteBuffer next() {
    if (done) {
      throw new NoSuchElementException();
    }
    Piece piece = next.apply(Piece.bytesOf(maxFrameBytes));
    done = !piece.full();
    byte[] part =
        HeldLogs.newBuilder().addAllLogs(piece.deltas()).setLast(done).build().toByteArray();
    return ByteBuffer.allocate(Integer.BYTES + part.length).putInt(part.length).put(part).flip();
  }
}
