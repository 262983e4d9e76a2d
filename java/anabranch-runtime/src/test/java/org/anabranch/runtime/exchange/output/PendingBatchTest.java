package org.anabranch.runtime.exchange.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;
import org.junit.jupiter.api.Test;

class PendingBatchTest {
  private static final int MAX_RECORDS = 1024;
  private static final int MAX_BYTES = 65_536;
  private static final Encoder ENCODER =
      new Encoder(
          Language.LANGUAGE_JAVA,
          new TypeRegistry(PendingBatchTest.class.getClassLoader(), List.of()));

  private static PendingBatch batch() {
    ExchangeConfig config =
        new ExchangeConfig(
            "job",
            new byte[32],
            Optional.empty(),
            "127.0.0.1",
            ExchangeConfig.Transport.TCP,
            MAX_RECORDS,
            MAX_BYTES,
            1 << 20,
            1 << 16,
            1 << 16,
            500,
            false);
    return new PendingBatch(new OutputChannel[0], config);
  }

  private static int fill(PendingBatch batch) {
    int n = 0;
    boolean full = false;
    while (!full) {
      ENCODER.encodeRecord(n++);
      full = batch.add(ENCODER);
    }
    batch.clear();
    return n;
  }

  @Test
  void theLimitStartsSmallAndDoublesWithEveryFullBatch() {
    PendingBatch batch = batch();
    for (int expected : new int[] {16, 32, 64, 128, 256, 512, 1024, 1024}) {
      int n = fill(batch);
      assertThat(n).isEqualTo(expected);
      batch.learn(n, n);
    }
  }

  @Test
  void aBatchThatWasNotFullDoesNotRaiseTheLimit() {
    PendingBatch batch = batch();
    batch.learn(3, 3);

    assertThat(fill(batch)).isEqualTo(16);
  }

  @Property
  void aFrameOfRecordsLikeTheRecentOnesKeepsToTheByteTarget(
      @ForAll @IntRange(min = 1, max = 200_000) int recordBytes) {
    PendingBatch batch = batch();
    int n = 0;
    for (int i = 0; i < 20; i++) {
      n = fill(batch);
      batch.learn(n, (int) Math.min(Integer.MAX_VALUE, (long) n * recordBytes));
    }

    assertThat(n).isBetween(1, MAX_RECORDS);
    assertThat(n == 1 || (long) n * recordBytes <= MAX_BYTES).isTrue();
  }
}
