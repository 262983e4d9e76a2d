package org.anabranch.api;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;

/**
 * A checkpoint that has begun and is not complete.
 *
 * @param number from 1; empty for the checkpoint that is taken once all tasks have ended
 * @param beganAt when it began
 * @param waitsFor the tasks that have to take their part of it first; none if it is being written,
 *     or waits for the client to have what was collected before it
 */
public record PendingCheckpoint(OptionalLong number, Instant beganAt, List<String> waitsFor) {

  /** Copies the list. */
  public PendingCheckpoint {
    waitsFor = List.copyOf(waitsFor);
  }
}
