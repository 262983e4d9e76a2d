package org.anabranch.runtime.exchange.output;

import org.anabranch.api.function.PartitionFunction;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.Keys;

/** Chooses where each record of an edge goes. Used by the task's thread only; may keep state. */
sealed interface Partitioner {

  /**
   * Returns the partitioner of an edge.
   *
   * @param encoder encodes the keys of the edge
   * @param function the user's; needed where the partitioning is custom
   * @throws ExchangeException if the edge has a partitioning that is unknown here
   */
  static Partitioner of(
      OutputEdge edge, TaskDescriptor task, Encoder encoder, PartitionFunction<Object> function) {
    int n = edge.getChannelsCount();
    Partitioning.Kind kind = edge.getPartitioning().getKind();
    return switch (kind) {
      case KIND_FORWARD, KIND_BROADCAST -> new Single();
      case KIND_REBALANCE ->
          n == 1
              ? new Single()
              : new Rebalance(
                  n, task.getRestore().getNextOfEdgeOrDefault(edge.getEdgeId(), task.getSubtask()));
      case KIND_KEY -> n == 1 ? new Single() : new ByKey(n, task.getMaxParallelism(), encoder);
      case KIND_CUSTOM -> new Custom(n, function);
      case KIND_AUTO, UNRECOGNIZED ->
          throw new ExchangeException(
              "the edge to operator %s has no partitioning that this worker knows: %s"
                  .formatted(edge.getConsumerName(), kind));
    };
  }

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
