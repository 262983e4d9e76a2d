package org.anabranch.runtime.exchange.input;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Alignment: a checkpoint is taken once its barrier has come on every channel. Keeps which channels
 * have met the barrier of the next checkpoint.
 *
 * <p>A job master that fails leaves a checkpoint that some sources have taken and others have not;
 * the next one is then the first whose barrier comes on all channels. So a later barrier takes the
 * place of an earlier one.
 */
final class BarrierAligner {
  private final boolean blocks;
  private long epoch;
  // The checkpoint whose barrier has come on some channels, and these; 0: none.
  private long number;
  private final Set<Integer> met = new HashSet<>();

  /**
   * Creates an aligner.
   *
   * @param epoch the checkpoint that was taken last; barriers up to it are late
   * @param blocks whether a channel that has met the barrier waits for the others
   */
  BarrierAligner(long epoch, boolean blocks) {
    this.epoch = epoch;
    this.blocks = blocks;
  }

  /** Returns whether a channel that has met the barrier waits for the others. */
  boolean blocks() {
    return blocks;
  }

  /** Returns the checkpoint whose barrier has come on some channels and not on all; 0: none. */
  long aligning() {
    return number;
  }

  /** Returns whether a checkpoint takes the place of one whose barrier some channels have met. */
  boolean supersedes(long checkpoint) {
    return 0 < number && number < checkpoint;
  }

  /**
   * Takes note that a channel has met a barrier.
   *
   * @return false if the checkpoint was taken, or given up for a later one
   */
  boolean meet(long checkpoint, int channel) {
    if (checkpoint <= epoch || checkpoint < number) {
      return false;
    }
    if (checkpoint != number) {
      number = checkpoint;
      met.clear();
    }
    met.add(channel);
    return true;
  }

  /**
   * Returns the checkpoint whose barrier has come on all of these channels, which have not ended;
   * 0: none.
   */
  long aligned(Collection<Integer> living) {
    return met.containsAll(living) ? number : 0;
  }

  /** The checkpoint was taken, with or without its barriers. */
  void enterEpoch(long checkpoint) {
    epoch = checkpoint;
    number = 0;
    met.clear();
  }
}
