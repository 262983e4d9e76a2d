package org.anabranch.runtime.exchange.wire;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectRequest;

/**
 * A place on a channel: how many records and control frames went before it, over the whole life of
 * the job.
 */
public record Position(long records, long controls) {

  /** Returns the positions of a snapshot by channel. */
  public static Map<Integer, ChannelPosition> byChannel(List<ChannelPosition> positions) {
    return positions.stream()
        .collect(Collectors.toMap(ChannelPosition::getChannel, position -> position));
  }

  /** Returns where a channel begins. */
  public static ChannelPosition start(int channel) {
    return ChannelPosition.newBuilder().setChannel(channel).build();
  }

  public static Position of(ChannelPosition position) {
    return new Position(position.getRecords(), position.getControls());
  }

  public static Position of(ConnectRequest request) {
    return new Position(request.getNextRecordSeq(), request.getNextControlSeq());
  }

  public Position plus(long moreRecords, long moreControls) {
    return new Position(records + moreRecords, controls + moreControls);
  }

  /** Returns whether something of the channel lies between the other place and this one. */
  public boolean isAfter(Position other) {
    return records > other.records || (records == other.records && controls > other.controls);
  }

  public ChannelPosition.Builder toBuilder(int channel) {
    return ChannelPosition.newBuilder()
        .setChannel(channel)
        .setRecords(records)
        .setControls(controls);
  }

  @Override
  public String toString() {
    return "record %d and control frame %d".formatted(records, controls);
  }
}
