package org.anabranch.runtime.replay;

import java.nio.ByteBuffer;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import org.anabranch.proto.v1.FrameHeader;

/**
 * The frames that were sent on one channel, until the epoch they belong to is no longer needed.
 *
 * <p>Frames beyond the memory of a {@link SpillBudget} stand in files, one for each epoch, that are
 * made when needed and deleted with the epoch. Reading does not tell the two apart.
 */
public final class InFlightLog implements AutoCloseable {
  private final String name;
  private final SpillBudget budget;
  // By the number of the first frame.
  private final TreeMap<Long, Segment> segments = new TreeMap<>();
  private Segment last;
  private long nextSeq;

  /**
   * Creates an empty log.
   *
   * @param name what its files are called by; has to fit into a file's name
   * @param budget shared by the logs of the task
   * @param nextSeq number of the first frame
   */
  public InFlightLog(String name, SpillBudget budget, long nextSeq) {
    this.name = name;
    this.budget = budget;
    this.nextSeq = nextSeq;
    budget.add(this);
  }

  /**
   * Keeps a copy of a frame, without the deltas of its header. Takes constant time, except that
   * every now and then frames are moved to a file.
   *
   * @throws IllegalArgumentException if the frame does not follow the one before, by its number or
   *     its epoch
   * @throws java.io.UncheckedIOException if frames cannot be moved; all of them are still held
   */
  public void append(FrameHeader header, byte[] payload, int offset, int length) {
    long epoch = header.getEpoch();
    if (header.getSeq() != nextSeq || (last != null && epoch < last.epoch())) {
      throw new IllegalArgumentException(
          "frame %d of epoch %d is not frame %d%s"
              .formatted(
                  header.getSeq(),
                  epoch,
                  nextSeq,
                  last == null ? "" : " of epoch " + last.epoch() + " or later"));
    }
    if (last == null || epoch > last.epoch()) {
      last = new Segment(epoch, nextSeq, name, budget.directory(), budget.slabs());
      segments.put(nextSeq, last);
    }
    budget.take(last.append(withoutDeltas(header), payload, offset, length));
    nextSeq++;
    budget.enforce();
  }

  private static FrameHeader withoutDeltas(FrameHeader header) {
    return header.getDeltasCount() == 0 ? header : header.toBuilder().clearDeltas().build();
  }

  /** Returns the number of the oldest frame that is held; {@link #nextSeq} if there is none. */
  public long firstSeq() {
    return segments.isEmpty() ? nextSeq : segments.firstKey();
  }

  /** Returns the number of the frame that has to be appended next. */
  public long nextSeq() {
    return nextSeq;
  }

  /** Returns the number of bytes in memory. */
  public long heldBytes() {
    return segments.values().stream().mapToLong(Segment::heldBytes).sum();
  }

  /** Returns the number of bytes in files. */
  public long spilledBytes() {
    return segments.values().stream().mapToLong(Segment::spilledBytes).sum();
  }

  /**
   * Returns a cursor in front of a frame, which need not have been appended yet.
   *
   * @throws NoSuchElementException if the frame was dropped
   */
  public Cursor framesFrom(long seq) {
    checkHeld(seq);
    return new Cursor(seq);
  }

  private void checkHeld(long seq) {
    if (seq < firstSeq()) {
      throw new NoSuchElementException(
          "frame %d of %s was dropped, frames from %d on are held"
              .formatted(seq, name, firstSeq()));
    }
  }

  /** Goes through the frames in order. Frames may be appended and dropped meanwhile. */
  public final class Cursor {
    private long seq;

    private Cursor(long seq) {
      this.seq = seq;
    }

    /** Returns the number of the frame that comes next. */
    public long seq() {
      return seq;
    }

    /**
     * Returns the next frame, or null if it has not been appended yet.
     *
     * @throws NoSuchElementException if it was dropped
     * @throws java.io.UncheckedIOException if it cannot be read back
     */
    public SentFrame next() {
      checkHeld(seq);
      if (seq >= nextSeq) {
        return null;
      }
      ByteBuffer frame = segments.floorEntry(seq).getValue().read(seq);
      int headerLength = frame.getInt();
      int payloadStart = frame.position() + headerLength;
      return new SentFrame(
          seq++,
          ByteBuffer.wrap(frame.array(), frame.position(), headerLength),
          ByteBuffer.wrap(frame.array(), payloadStart, frame.limit() - payloadStart));
    }
  }

  /** Moves the oldest frames in memory to files until so many bytes have gone, or all. */
  void spill(long bytes) {
    long left = bytes;
    for (Segment segment : segments.values()) {
      long before = segment.heldBytes();
      try {
        segment.spill(left);
      } finally {
        budget.release(before - segment.heldBytes());
      }
      left -= before - segment.heldBytes();
      if (left <= 0) {
        return;
      }
    }
  }

  /**
   * Forgets the frames of all epochs before this one.
   *
   * @throws java.io.UncheckedIOException if a file cannot be deleted
   */
  public void dropBefore(long epoch) {
    while (!segments.isEmpty() && segments.firstEntry().getValue().epoch() < epoch) {
      Segment dropped = segments.pollFirstEntry().getValue();
      if (dropped == last) {
        last = null;
      }
      budget.release(dropped.heldBytes());
      dropped.delete();
    }
  }

  /** Forgets all frames. Nothing may be appended after it. */
  @Override
  public void close() {
    dropBefore(Long.MAX_VALUE);
    budget.remove(this);
  }
}
