package org.anabranch.runtime.exchange;

import org.anabranch.api.function.PartitionFunction;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.Keys;

/** Chooses where each record of an edge goes. Used by the task's thread only; may keep state. */
sealed interface Partitioner {

  /** All records take the one way there is: to the one channel, or to all channels at once. */
  record Single() implements Partitioner {}

  /** Round robin over all channels. */
  final class Rebalance implements Partitioner {
    private final int n;
    private int next;

    Rebalance(int n, int first) {
      this.n = n;
      this.next = first % n;
    }

    /** Returns the channel that the next record takes. */
    int upcoming() {
      return next;
    }

    int next() {
      int chosen = next;
      next = chosen + 1 == n ? 0 : chosen + 1;
      return chosen;
    }
  }

  /** By the key group of the key: equal keys go to one channel. */
  record ByKey(int n, int maxParallelism, Encoder encoder) implements Partitioner {
    int choose(Object key) {
      int group = Keys.keyGroup(encoder.encodeKey(key), maxParallelism);
      return Keys.subtask(group, n, maxParallelism);
    }
  }

  /** By the user's function, which may choose any number of channels. */
  record Custom(int n, PartitionFunction<Object> function) implements Partitioner {
    int[] choose(Object value) throws Exception {
      int[] chosen = function.partition(value, n);
      if (chosen == null) {
        throw new NullPointerException("the partition function returned null, not indexes");
      }
      for (int index : chosen) {
        if (index < 0 || index >= n) {
          throw new IndexOutOfBoundsException(
              "the partition function returned %d, there are %d partitions".formatted(index, n));
        }
      }
      return chosen;
    }
  }
}
