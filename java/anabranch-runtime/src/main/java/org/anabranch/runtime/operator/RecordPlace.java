package org.anabranch.runtime.operator;

/** Which record the task is handling: its channel, and how many went before it there. */
final class RecordPlace {
  private final String jobId;
  private int channel;
  private long position;

  RecordPlace(String jobId) {
    this.jobId = jobId;
  }

  /** A batch of this channel begins, whose first record has this position. */
  void enter(int ofChannel, long first) {
    channel = ofChannel;
    position = first;
  }

  /** Goes on to the next record of the batch. */
  void advance() {
    position++;
  }

  /** Returns what names the record in the job, however often it is handled. */
  String id() {
    return jobId + "/" + channel + "/" + position;
  }
}
