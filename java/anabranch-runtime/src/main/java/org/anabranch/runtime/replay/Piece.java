package org.anabranch.runtime.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.LogDelta;

/**
 * Entries of several logs that go into one frame: as many as there is room for, and one if it is
 * larger.
 */
public final class Piece {
  // What goes into one frame or message of determinants alone, unless a single one is larger.
  private static final int BYTES = 256 << 10;

  // Besides the entries a frame has its own header, and for each log a task, an epoch, an offset.
  private static final int HEADER_BYTES = 256;
  private static final int LOG_BYTES = 40;
  private static final int TAG_BYTES = 8;

  private final List<LogDelta> deltas = new ArrayList<>();
  private final long limit;
  private long bytes;
  private boolean full;

  /** Creates an empty piece with room for so many bytes. */
  public Piece(int room) {
    this.limit = room;
  }

  /** Returns how many bytes of entries a frame may carry, a single entry excepted. */
  public static int bytesOf(int maxFrameBytes) {
    return Math.min(BYTES, maxEntryBytes(maxFrameBytes));
  }

  /** Returns how large an entry may be so that it fits into a frame. */
  public static int maxEntryBytes(int maxFrameBytes) {
    return maxFrameBytes - HEADER_BYTES;
  }

  /** Returns the entries, as parts of their logs. */
  public List<LogDelta> deltas() {
    return deltas;
  }

  /** Returns true if there was something for which no room was left. */
  public boolean full() {
    return full;
  }

  /** Returns what the entries take. */
  long bytes() {
    return bytes;
  }

  /** Adds the entries of a log from a position on; returns the position after the last added. */
  LogPosition add(int task, NavigableMap<Long, List<Determinant>> log, LogPosition from) {
    LogPosition reached = from;
    for (Map.Entry<Long, List<Determinant>> later : log.tailMap(from.epoch(), true).entrySet()) {
      List<Determinant> entries = later.getValue();
      int start = later.getKey() == from.epoch() ? (int) from.index() : 0;
      int end = start;
      while (end < entries.size() && takes(entries.get(end), end == start)) {
        end++;
      }
      if (end > start) {
        deltas.add(
            LogDelta.newBuilder()
                .setTask(task)
                .setEpoch(later.getKey())
                .setOffset(start)
                .addAllEntries(entries.subList(start, end))
                .build());
        reached = new LogPosition(later.getKey(), end);
      }
      if (full) {
        break;
      }
    }
    return reached;
  }

  private boolean takes(Determinant entry, boolean ofNewLog) {
    long more = bytes + entry.getSerializedSize() + TAG_BYTES + (ofNewLog ? LOG_BYTES : 0);
    boolean first = ofNewLog && deltas.isEmpty();
    full = more > limit && !first;
    bytes = full ? bytes : more;
    return !full;
  }
}
