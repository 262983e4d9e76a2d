package org.anabranch.runtime.operator;

/** Which record the task is handling: its channel, and how many went before it there. */
final class RecordPlace {
  private final String jobId;
  private int channel;
  private long first;
  private int handled;

  RecordPlace(String jobId) {
    this.jobId = jobId;
  }

  /** A batch of this channel begins, whose first record has this position. */
  void enter(int ofChannel, long position) {
    channel = ofChannel;
    first = position;
    handled = 0;
  }

  /** Goes on to the next record of the batch. */
  void advance() {
    handled++;
  }

  /** Returns how many records of the batch have been handled. */
  int handled() {
    return handled;
  }

  /** Returns what names the record in the job, however often it is handled. */
  String id() {
    return jobId + "/" + channel + "/" + (first + handled);
  }
}
