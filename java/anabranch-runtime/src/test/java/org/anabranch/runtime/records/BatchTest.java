package org.anabranch.runtime.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Records in their order, column by column. */
class BatchTest {
  private final Batch whole =
      new Batch(
          new Object[] {"a", "b", "c"}, new Object[] {1L, 2L, 3L}, new long[] {10L, 20L, 30L});

  private static void assertSame(Batch batch, Batch expected) {
    assertThat(batch).usingRecursiveComparison().isEqualTo(expected);
  }

  @Test
  void aSliceHasThePartOfEachColumn() {
    assertSame(
        whole.slice(1, 3),
        new Batch(new Object[] {"b", "c"}, new Object[] {2L, 3L}, new long[] {20L, 30L}));
    assertThat(whole.slice(2, 2).size()).isZero();
    assertThat(whole.slice(0, 3)).isSameAs(whole);
  }

  @Test
  void aColumnThatIsMissingStaysSo() {
    Batch plain = Batch.of("a", "b");

    assertSame(plain.slice(1, 2), Batch.of("b"));
    assertSame(plain.select(1), Batch.of("b"));
    assertSame(Batch.concat(List.of(plain, plain)), Batch.of("a", "b", "a", "b"));
    assertThat(plain.key(1)).isNull();
  }

  @Test
  void slicesPutTogetherAreTheWhole() {
    for (int cut = 0; cut <= whole.size(); cut++) {
      assertSame(Batch.concat(List.of(whole.slice(0, cut), whole.slice(cut, 3))), whole);
    }
    assertThat(Batch.concat(List.of(whole))).isSameAs(whole);
  }

  @Test
  void recordsAreSelectedInAnyOrder() {
    assertSame(
        whole.select(2, 0, 2),
        new Batch(
            new Object[] {"c", "a", "c"}, new Object[] {3L, 1L, 3L}, new long[] {30L, 10L, 30L}));
  }

  @Test
  void otherValuesKeepTheirTimesAndLoseTheirKeys() {
    assertSame(
        whole.withValues("A", "B", "C"),
        new Batch(new Object[] {"A", "B", "C"}, null, new long[] {10L, 20L, 30L}));
    assertSame(
        whole.withKeys(4L, 5L, 6L),
        new Batch(whole.values(), new Object[] {4L, 5L, 6L}, whole.timestamps()));
  }

  @Test
  void batchesWithAndWithoutAColumnAreNotPutTogether() {
    assertThatThrownBy(() -> Batch.concat(List.of(whole, Batch.of("d"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("1 of 2 batches have no keys");
  }

  @Test
  void columnsOfDifferentLengthsAreRefused() {
    assertThatThrownBy(() -> Batch.of("a", "b").withKeys(1L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("1 keys for 2 values");
  }
}
