package org.anabranch.runtime.exchange.output;

import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordBuffer;

/**
 * Records that wait to become a frame: of one channel, or of all channels of a broadcast edge. They
 * are encoded already, since whoever has emitted them may change them.
 *
 * <p>The limit follows the load. It starts small and doubles with each full batch, so a light load
 * gets small frames at once and a heavy one big frames; it never lets a frame of records like the
 * recent ones exceed the byte target.
 */
final class PendingBatch {
  private static final int FIRST_LIMIT = 16;

  // How much of the mean size is kept when a new frame has been measured.
  private static final double INERTIA = 0.75;

  private final OutputChannel[] targets;
  private final int maxRecords;
  private final int maxBytes;
  private final RecordBuffer records = new RecordBuffer();
  private int learned;
  private int limit;
  private double meanBytes;

  PendingBatch(OutputChannel[] targets, ExchangeConfig config) {
    this.targets = targets;
    this.maxRecords = Math.max(1, config.maxBatchRecords());
    this.maxBytes = config.maxBatchBytes();
    this.learned = Math.min(FIRST_LIMIT, maxRecords);
    for (OutputChannel target : targets) {
      target.demand.onChange(this::limitToDemand);
    }
    limitToDemand();
  }

  /** A frame is to be no more work than any of the consumers wants. */
  private void limitToDemand() {
    limit = learned;
    for (OutputChannel target : targets) {
      limit = Math.min(limit, target.demand.frameRecords());
    }
  }

  int limit() {
    return limit;
  }

  OutputChannel[] targets() {
    return targets;
  }

  RecordBuffer records() {
    return records;
  }

  boolean isEmpty() {
    return records.size() == 0;
  }

  /** Adds the record that was encoded last; returns true if it has made the batch full. */
  boolean add(Encoder encoder) {
    records.add(encoder);
    return records.size() >= limit;
  }

  /** Takes note of how large a frame of {@code records} records has become. */
  void learn(int records, int bytes) {
    double mean = (double) bytes / records;
    meanBytes = meanBytes == 0 ? mean : INERTIA * meanBytes + (1 - INERTIA) * mean;
    int wanted = records >= limit ? 2 * learned : learned;
    int fitting = (int) Math.min(maxRecords, maxBytes / Math.max(1, meanBytes));
    learned = Math.max(1, Math.min(wanted, fitting));
    limitToDemand();
  }

  void clear() {
    records.clear();
  }
}
