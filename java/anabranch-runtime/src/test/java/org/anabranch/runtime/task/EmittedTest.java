package org.anabranch.runtime.task;

import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_AGGREGATE;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_FLAT_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_KEY_BY;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_MAP;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_BROADCAST;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_FORWARD;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.Partitioning;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a function emits is as it was when it emitted it, whatever it does to the object later. */
@Timeout(60)
class EmittedTest {
  private static final String REUSES =
      """
      public class Reuses implements FlatMapFunction<Long, List<Object>> {
        private final List<Object> inner = new ArrayList<>();
        private final List<Object> reused = new ArrayList<>(List.of(inner));
        public void flatMap(Long n, Collector<List<Object>> out) {
          inner.clear();
          inner.add(n);
          out.collect(reused);
          inner.add(-n);
          out.collect(reused);
          inner.add("never emitted");
        }
      }
      """;

  private static final String LISTS =
      """
      public class Lists implements AggregateFunction<Long, List<Long>, List<Long>> {
        public static Long key(Long n) { return 0L; }
        public List<Long> createAccumulator() { return new ArrayList<>(); }
        public List<Long> add(Long n, List<Long> all) { all.add(n); return all; }
        public List<Long> getResult(List<Long> all) { return all; }
        public List<Long> merge(List<Long> a, List<Long> b) { a.addAll(b); return a; }
      }
      """;

  private static final List<Object> REUSED =
      List.of(
          List.of(List.of(0L)),
          List.of(List.of(0L, 0L)),
          List.of(List.of(1L)),
          List.of(List.of(1L, -1L)),
          List.of(List.of(2L)),
          List.of(List.of(2L, -2L)));

  private static final String KEEPS =
      """
      public class Keeps implements MapFunction<List<Object>, Object> {
        private final List<Object> kept = new ArrayList<>();
        @SuppressWarnings("unchecked")
        public Object map(List<Object> list) {
          kept.add(list);
          ((List<Object>) list.get(0)).set(0, "first");
          return kept;
        }
      }
      """;

  private static List<Object> marked(Object value) {
    List<Object> inner = new ArrayList<>((List<?>) ((List<?>) value).get(0));
    inner.set(0, "first");
    return List.of(inner);
  }

  private static List<List<Object>> allMarked() {
    List<List<Object>> expected = new ArrayList<>();
    for (int n = 1; n <= REUSED.size(); n++) {
      expected.add(REUSED.subList(0, n).stream().<Object>map(EmittedTest::marked).toList());
    }
    return expected;
  }

  @TempDir Path directory;

  private TestJob job() {
    return new TestJob(directory, TestJob.NUMBERS, REUSES, LISTS, KEEPS);
  }

  private static Operator.Builder reuses(TestJob job) {
    return job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Reuses");
  }

  @ParameterizedTest
  @EnumSource(names = {"KIND_FORWARD", "KIND_BROADCAST", "KIND_REBALANCE"})
  void anObjectThatIsReusedArrivesAsItWas(Partitioning.Kind kind) {
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(3), reuses(job));
      job.edge(source, job.tasks(1, job.sink()), kind, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactlyElementsOf(REUSED);
    }
  }

  @Test
  void everyEdgeGetsWhatWasEmitted() {
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(3), reuses(job));
      job.edge(source, job.tasks(1, job.sink()), KIND_FORWARD, false);
      job.edge(source, job.tasks(2, job.sink()), KIND_BROADCAST, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).hasSize(3 * REUSED.size()).hasSameElementsAs(REUSED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fail", "skip"})
  void anOperatorOfTheSameTaskMayKeepAndChangeWhatItTakes(String onError) {
    try (TestJob job = job()) {
      job.tasks(
          1,
          job.numbers(3),
          reuses(job).putConfig("anabranch.on-error", onError),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Keeps")
              .putConfig("anabranch.on-error", onError),
          job.sink());

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactlyElementsOf(allMarked());
    }
  }

  @Test
  void anAggregateMayEmitItsAccumulatorAndChangeItLater() {
    try (TestJob job = job()) {
      var source =
          job.tasks(
              1,
              job.numbers(3),
              job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Lists::key"),
              job.operator(OPERATOR_KIND_AGGREGATE, "com.acme.Lists"));
      job.edge(source, job.tasks(1, job.sink()), KIND_FORWARD, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactly(List.of(0L), List.of(0L, 1L), List.of(0L, 1L, 2L));
    }
  }
}
