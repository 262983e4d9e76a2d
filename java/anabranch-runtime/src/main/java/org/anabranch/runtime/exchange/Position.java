package org.anabranch.runtime.exchange;

import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectRequest;

/**
 * A place on a channel: how many records and control frames went before it, over the whole life of
 * the job.
 */
record Position(long records, long controls) {

  /** Returns where a channel begins. */
  static ChannelPosition start(int channel) {
    return ChannelPosition.newBuilder().setChannel(channel).build();
  }

  static Position of(ChannelPosition position) {
    return new Position(position.getRecords(), position.getControls());
  }

  static Position of(ConnectRequest request) {
    return new Position(request.getNextRecordSeq(), request.getNextControlSeq());
  }

  Position plus(long moreRecords, long moreControls) {
    return new Position(records + moreRecords, controls + moreControls);
  }

  /** Returns whether something of the channel lies between the other place and this one. */
  boolean isBehind(Position other) {
    return records > other.records || (records == other.records && controls > other.controls);
  }

  ChannelPosition.Builder toBuilder(int channel) {
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
