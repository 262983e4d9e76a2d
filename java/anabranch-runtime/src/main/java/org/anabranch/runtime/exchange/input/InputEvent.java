package org.anabranch.runtime.exchange.input;

import org.anabranch.runtime.records.Batch;

/** What the input of a task brings, one event at a time. */
public sealed interface InputEvent {

  /** Returns the id of the channel that it has come on. */
  int channel();

  /** Returns how many records it brings; 0 if it is none of records. */
  int records();

  /**
   * Some records of one channel.
   *
   * @param channel id of the channel
   * @param edge index of the input edge, in the order of the task's descriptor
   * @param first how many records came before these on the channel
   * @param batch the records, one at least
   */
  record Records(int channel, int edge, long first, Batch batch) implements InputEvent {

    @Override
    public int records() {
      return batch.size();
    }

    /** Returns those from one index to before another. */
    Records slice(int from, int to) {
      return new Records(channel, edge, first + from, batch.slice(from, to));
    }
  }

  /** What is not records, and may be the last that a checkpoint has waited for. */
  sealed interface Control extends InputEvent {

    /**
     * Returns the checkpoint that every channel has now met the barrier of, or has ended; 0 if some
     * have not, or if all have ended.
     */
    long aligned();

    @Override
    default int records() {
      return 0;
    }
  }

  /**
   * A channel has met the barrier of a checkpoint.
   *
   * @param number the checkpoint
   */
  record Barrier(int channel, long number, long aligned) implements Control {}

  /** Nothing more comes on a channel. */
  record EndOfInput(int channel, long aligned) implements Control {}
}
