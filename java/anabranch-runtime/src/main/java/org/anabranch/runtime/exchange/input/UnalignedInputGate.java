package org.anabranch.runtime.exchange.input;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;

/**
 * All input channels of a task whose checkpoints are not aligned: a channel that has met a barrier
 * is read on. Used by the task's thread only.
 */
public final class UnalignedInputGate extends InputGate {
  private final Set<Integer> endedBefore;
  // By channel, the number of the last barrier that has come.
  private final Map<Integer, Long> barriers = new HashMap<>();

  UnalignedInputGate(InputChannel.Consumer consumer, List<ChannelPosition> positions) {
    super(consumer);
    endedBefore =
        positions.stream()
            .filter(ChannelPosition::getEnded)
            .map(ChannelPosition::getChannel)
            .collect(Collectors.toSet());
  }

  @Override
  InputChannel channel(int id, int edge, String producer) {
    int maxFrameBytes = consumer.config().maxFrameBytes();
    return new InputChannel(id, edge, endedBefore.contains(id), producer, maxFrameBytes, consumer);
  }

  @Override
  void meetBarrier(InputChannel channel, FrameHeader header) {
    barriers.merge(channel.id, header.getBarrier().getNumber(), Math::max);
  }

  /**
   * Returns the number of the last checkpoint whose barrier, or a later one, or the end, has come
   * on every channel; 0 if there is none, or if all channels have ended.
   */
  public long passed() {
    return channels().stream()
        .filter(channel -> !channel.ended())
        .mapToLong(channel -> barriers.getOrDefault(channel.id, 0L))
        .min()
        .orElse(0);
  }

  /** Returns which channels have ended; how far the others are is of no use to anybody. */
  @Override
  public List<ChannelPosition> positions() {
    return channels().stream()
        .map(
            channel ->
                ChannelPosition.newBuilder()
                    .setChannel(channel.id)
                    .setEnded(channel.ended())
                    .build())
        .toList();
  }
}
