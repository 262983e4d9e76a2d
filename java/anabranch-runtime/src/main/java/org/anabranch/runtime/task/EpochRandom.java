package org.anabranch.runtime.task;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.anabranch.runtime.task.run.Choices;

/** Random numbers that begin anew with each epoch, and are the same in every run of it. */
final class EpochRandom implements RandomGenerator {
  private final String subtask;
  private final Choices choices;
  private RandomGenerator current;
  private long currentEpoch;

  EpochRandom(String jobId, int operatorId, int subtask, Choices choices) {
    this.subtask = "%s/%d/%d".formatted(jobId, operatorId, subtask);
    this.choices = choices;
  }

  @Override
  public long nextLong() {
    if (choices.quiet()) { // nothing of the epoch's own numbers may be used up
      return ThreadLocalRandom.current().nextLong();
    }
    long now = choices.epoch();
    if (current == null || now != currentEpoch) {
      current = new SplittableRandom(seed(subtask + "/" + now));
      currentEpoch = now;
    }
    return current.nextLong();
  }

  static long seed(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
