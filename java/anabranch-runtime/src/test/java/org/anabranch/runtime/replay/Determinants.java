package org.anabranch.runtime.replay;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.anabranch.proto.v1.Determinant;

/** Determinants and logs for tests. */
final class Determinants {
  private Determinants() {}

  static Determinant order(int channel) {
    return Determinant.newBuilder()
        .setOrder(Determinant.Order.newBuilder().setChannel(channel))
        .build();
  }

  static Determinant time(long ms) {
    return Determinant.newBuilder().setTime(Determinant.Time.newBuilder().setMs(ms)).build();
  }

  static Determinant value(String text) {
    return Determinant.newBuilder()
        .setValue(Determinant.Value.newBuilder().setEncoded(ByteString.copyFromUtf8(text)))
        .build();
  }

  static Arbitrary<Determinant> any() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(0, 300).map(Determinants::order),
        Arbitraries.longs().map(Determinants::time),
        Arbitraries.strings().ofMaxLength(5).map(Determinants::value));
  }

  /** Logs of up to four epochs, some of which may be empty or left out. */
  static Arbitrary<NavigableMap<Long, List<Determinant>>> logs() {
    return Combinators.combine(
            Arbitraries.longs().between(0, 5).set().ofMaxSize(4), any().list().ofMaxSize(8).list())
        .as(
            (epochs, entries) -> {
              NavigableMap<Long, List<Determinant>> log = new TreeMap<>();
              for (long epoch : epochs) {
                int i = log.size();
                log.put(epoch, i < entries.size() ? entries.get(i) : List.of());
              }
              return log;
            })
        .withoutEdgeCases();
  }

  /** A log without the epochs that have no entries: they are as good as not there. */
  static NavigableMap<Long, List<Determinant>> nonEmpty(SortedMap<Long, List<Determinant>> log) {
    NavigableMap<Long, List<Determinant>> result = new TreeMap<>(log);
    result.values().removeIf(List::isEmpty);
    return result;
  }

  /** Returns whether a copy is what the log was at some time. */
  static boolean isPrefix(
      SortedMap<Long, List<Determinant>> copy, NavigableMap<Long, List<Determinant>> log) {
    NavigableMap<Long, List<Determinant>> rest = nonEmpty(log);
    NavigableMap<Long, List<Determinant>> known = nonEmpty(copy);
    for (Map.Entry<Long, List<Determinant>> epoch : known.entrySet()) {
      Map.Entry<Long, List<Determinant>> whole = rest.pollFirstEntry();
      boolean mayBePart = epoch.getKey().equals(known.lastKey());
      if (whole == null || !whole.getKey().equals(epoch.getKey())) {
        return false;
      }
      int n = epoch.getValue().size();
      if (n > whole.getValue().size()
          || (n < whole.getValue().size() && !mayBePart)
          || !whole.getValue().subList(0, n).equals(epoch.getValue())) {
        return false;
      }
    }
    return true;
  }
}
