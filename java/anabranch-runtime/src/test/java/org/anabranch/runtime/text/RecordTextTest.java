package org.anabranch.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.anabranch.api.tuple.Tuple;
import org.junit.jupiter.api.Test;

class RecordTextTest {

  @Test
  void valuesAreShownAsAProgrammerReadsThem() {
    assertThat(RecordText.of(null)).isEqualTo("null");
    assertThat(RecordText.of("a b")).isEqualTo("\"a b\"");
    assertThat(RecordText.of(List.of(1L, "x"))).isEqualTo("[1, \"x\"]");
    assertThat(RecordText.of(Map.of("k", List.of(1.5)))).isEqualTo("{\"k\"=[1.5]}");
    assertThat(RecordText.of(new int[] {1, 2})).isEqualTo("[1, 2]");
    assertThat(RecordText.of(new byte[7])).isEqualTo("byte[7]");
    assertThat(RecordText.of(Tuple.of("a", 1L))).isEqualTo("(a, 1)");
  }

  @Test
  void aHugeRecordIsCutAndNotWalkedToItsEnd() {
    assertThat(RecordText.of("x".repeat(1_000_000))).hasSize(200).endsWith("...");
    assertThat(RecordText.of(Collections.nCopies(Integer.MAX_VALUE, "y")))
        .hasSize(200)
        .startsWith("[\"y\", \"y\"")
        .endsWith("...");
  }

  @Test
  void aRecordThatHoldsItselfIsShown() {
    List<Object> self = new ArrayList<>();
    self.add(self);

    assertThat(RecordText.of(self)).startsWith("[[[").contains("...");
  }

  @Test
  void aToStringThatFailsIsNoSecondError() {
    Object hostile =
        new Object() {
          @Override
          public String toString() {
            throw new IllegalStateException();
          }
        };

    assertThat(RecordText.of(hostile)).contains("whose toString fails");
  }

  @Test
  void aCollectionThatFailsIsNoSecondError() {
    Object hostile =
        new AbstractList<Object>() {
          @Override
          public Object get(int index) {
            throw new LinkageError();
          }

          @Override
          public int size() {
            return 1;
          }
        };

    assertThat(RecordText.of(hostile)).contains("whose contents fails: java.lang.LinkageError");
  }

  @Test
  void halfACharacterIsWrittenOut() {
    assertThat(RecordText.of("\ud800x")).isEqualTo("\"\\ud800x\"");
  }

  @Test
  void textInARecordForgesNoLine() {
    assertThat(RecordText.of(List.of("a\n[sink (1/1)]\t\r\033[2J")))
        .isEqualTo("[\"a\\n[sink (1/1)]\\t\\r\\x1b[2J\"]");
  }
}
