package org.anabranch.runtime.replay;

import static org.anabranch.runtime.replay.Determinants.order;
import static org.anabranch.runtime.replay.Determinants.time;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;
import org.junit.jupiter.api.Test;

class ReplayCursorTest {

  @Provide
  Arbitrary<NavigableMap<Long, List<Determinant>>> logs() {
    return Determinants.logs();
  }

  @Property
  void everyEntryComesOnceAtItsPosition(@ForAll("logs") NavigableMap<Long, List<Determinant>> log) {
    ReplayCursor cursor = new ReplayCursor("map", log);
    log.forEach(
        (epoch, entries) -> {
          for (int i = 0; i < entries.size(); i++) {
            assertThat(cursor.exhausted()).isFalse();
            assertThat(cursor.position()).isEqualTo(new LogPosition(epoch, i));
            assertThat(cursor.peek()).isEqualTo(entries.get(i));
            assertThat(cursor.next()).isEqualTo(entries.get(i));
          }
        });

    assertThat(cursor.exhausted()).isTrue();
    assertThat(cursor.peek()).isNull();
    assertThatThrownBy(cursor::next).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> cursor.expect(KindCase.ORDER))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("the log of map is used up");
  }

  @Test
  void anExpectedKindIsReturned() {
    ReplayCursor cursor =
        new ReplayCursor("map", new TreeMap<>(Map.of(2L, List.of(order(1), time(5)))));

    assertThat(cursor.expect(KindCase.ORDER)).isEqualTo(order(1));
    assertThat(cursor.expect(KindCase.TIME)).isEqualTo(time(5));
  }

  @Test
  void anotherKindIsReportedAndNotConsumed() {
    ReplayCursor cursor =
        new ReplayCursor("subtask 1 of map", new TreeMap<>(Map.of(2L, List.of(order(1), time(5)))));
    cursor.next();

    assertThatThrownBy(() -> cursor.expect(KindCase.VALUE))
        .isInstanceOf(NondeterminismException.class)
        .hasMessage(
            "replay of subtask 1 of map diverged from its log at entry 1 of epoch 2: "
                + "expected TIME, got VALUE");
    assertThat(cursor.peek()).isEqualTo(time(5));
  }

  @Test
  void aLogThatGrowsMeanwhileDoesNotMatter() {
    DeterminantLog log = new DeterminantLog(0);
    log.append(order(1));
    ReplayCursor cursor = new ReplayCursor("map", log.epochs());
    log.append(order(2));
    List<Determinant> handedOut = new ArrayList<>();
    while (!cursor.exhausted()) {
      handedOut.add(cursor.next());
    }

    assertThat(handedOut).containsExactly(order(1));
  }
}
