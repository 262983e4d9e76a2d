package org.anabranch.runtime.task;

import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_FLAT_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_KEY_BY;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_REDUCE;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SINK;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SOURCE;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_FORWARD;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_KEY;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.TaskDescriptor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Records at which functions fail, and the ids of records. */
@Timeout(60)
class ErrorHandlingTest {
  private static final String FUNCTIONS =
      """
      public class Picky {
        public static Long odd(Long n) {
          if (n % 2 == 0) throw new IllegalArgumentException(n + " is even");
          return n;
        }
        public static void twiceThenFail(Long n, Collector<Long> out) {
          out.collect(n);
          out.collect(n);
          if (n % 2 == 0) throw new IllegalStateException();
        }
        public static void many(Long n, Collector<Long> out) {
          for (int i = 0; i < 2000; i++) out.collect(n);
          throw new IllegalStateException("too late");
        }
        public static Long assertion(Long n) { throw new AssertionError("no"); }
        public static Long deep(Long n) { return deep(n) + 1; }
        public static Long broken(Long n) { throw new NoClassDefFoundError("com/acme/Gone"); }
        public static Object list(Long n) { return new ArrayList<>(List.of(n, n)); }
        public static Object clear(List<Object> record) {
          record.clear();
          throw new IllegalStateException("too late");
        }
        public static Object thread(Long n) { return new Thread("t" + n); }
        public static Object refuse(Object o) { throw new IllegalStateException("refused"); }
        public static Object half(Object o) { throw new IllegalStateException("half \\ud800"); }
        public static byte[] large(Long n) { return new byte[2_000_000]; }
        public static Long modulo(Long n) { return n % 2; }
        public static Long addUnlessFive(Long a, Long b) {
          if (b == 5) throw new IllegalStateException("five");
          return a + b;
        }
      }
      """;

  private static final String UPSERT =
      """
      public class Upsert extends RichSinkFunction<Object>
          implements IdempotentSinkFunction<Object> {
        Queue<Object> queue;
        @SuppressWarnings("unchecked")
        public void open(RuntimeContext context) throws Exception {
          super.open(context);
          queue = (Queue<Object>) System.getProperties().get(context.getConfig().get("queue"));
        }
        public void sink(String id, Object value) {
          if (value.equals(3L)) throw new IllegalStateException("three");
          queue.add(id + "=" + value);
        }
      }
      """;

  @TempDir Path directory;
  private final PrintStream before = System.err;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private TestJob job;

  @BeforeEach
  void catchStandardError() {
    System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
    job = new TestJob(directory, TestJob.NUMBERS, FUNCTIONS, UPSERT);
  }

  @AfterEach
  void giveItBack() {
    job.close();
    System.setErr(before);
  }

  private List<String> warnings() {
    return printed.toString(StandardCharsets.UTF_8).lines().toList();
  }

  private Operator.Builder map(String method) {
    return job.operator(OPERATOR_KIND_MAP, "com.acme.Picky::" + method);
  }

  private static Operator.Builder skipping(Operator.Builder operator) {
    return operator.putConfig("anabranch.on-error", "skip");
  }

  /** Runs numbers through an operator that skips, and what it lets through into a sink. */
  private void skip(int n, OperatorKind kind, String method) {
    job.tasks(
        1, job.numbers(n), skipping(job.operator(kind, "com.acme.Picky::" + method)), job.sink());

    job.run();

    assertThat(job.errors()).isEmpty();
  }

  /** Runs numbers through an operator that skips; its dead letters come after its results. */
  private List<Map<String, Object>> deadLettersOf(Operator.Builder... chain) {
    Operator.Builder[] all = new Operator.Builder[chain.length + 1];
    all[0] = job.numbers(4);
    System.arraycopy(chain, 0, all, 1, chain.length);
    var source = job.tasks(1, all);
    var letters = job.tasks(1, job.sink());
    job.edge(source, letters, KIND_FORWARD, false);
    source.get(0).getOutputsBuilder(0).setDeadLetters(true);

    job.run();

    assertThat(job.errors()).isEmpty();
    List<Map<String, Object>> found = new ArrayList<>();
    for (Object each : job.results()) {
      @SuppressWarnings("unchecked")
      Map<String, Object> letter = (Map<String, Object>) each;
      found.add(letter);
    }
    return found;
  }

  @Test
  void aRecordThatFailsIsLeftOutAndNamed() {
    skip(6, OPERATOR_KIND_MAP, "odd");

    assertThat(job.results()).containsExactly(1L, 3L, 5L);
    assertThat(warnings())
        .containsExactly(
            "operator com.acme.Picky::odd#2 skips record 0, 0: IllegalArgumentException: 0 is even",
            "operator com.acme.Picky::odd#2 skips record 2, 2: IllegalArgumentException: 2 is even",
            "operator com.acme.Picky::odd#2 skips record 4, 4: IllegalArgumentException: 4 is even");
  }

  @Test
  void onlyTheFirstTenAreNamedAndTheOthersCounted() {
    skip(50, OPERATOR_KIND_MAP, "odd");

    assertThat(warnings()).hasSize(11).last().asString().endsWith("has skipped 25 records");
    assertThat(job.task(1).report().getOperators(1).getRecordsIn()).isEqualTo(50);
    assertThat(job.task(1).report().getOperators(1).getRecordsOut()).isEqualTo(25);
  }

  @Test
  void whatWasEmittedForTheRecordIsLeftOutWithIt() {
    skip(4, OPERATOR_KIND_FLAT_MAP, "twiceThenFail");

    assertThat(job.results()).containsExactly(1L, 1L, 3L, 3L);
    assertThat(warnings()).first().asString().endsWith("0: IllegalStateException");
  }

  @Test
  void ofVeryManyResultsTheFirstArePassedOn() {
    skip(1, OPERATOR_KIND_FLAT_MAP, "many");

    assertThat(job.results()).hasSize(1024);
  }

  @Test
  void aFailureBehindTheOperatorIsNotItsOwn() {
    job.tasks(1, job.numbers(4), skipping(map("modulo")), map("odd"), job.sink());

    job.run();

    assertThat(job.errors().get(1).getOperator()).isEqualTo("com.acme.Picky::odd#3");
    assertThat(warnings()).isEmpty();
  }

  @Test
  void errorsOfTheRecordAreLeftOutAndThoseOfTheCodeAreNot() {
    job.tasks(1, job.numbers(1), skipping(map("assertion")));
    job.tasks(1, job.numbers(1), skipping(map("deep")));
    job.tasks(1, job.numbers(1), skipping(map("broken")));

    job.run();

    assertThat(job.errors()).containsOnlyKeys(3);
    assertThat(job.errors().get(3).getSummary()).contains("NoClassDefFoundError");
  }

  @Test
  void stateByKeyDoesNotCountARecordThatFails() {
    var source =
        job.tasks(1, job.numbers(8), job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Picky::modulo"));
    var sums =
        job.tasks(
            1,
            skipping(job.operator(OPERATOR_KIND_REDUCE, "com.acme.Picky::addUnlessFive")),
            job.sink());
    job.edge(source, sums, KIND_KEY, true);

    job.run();

    assertThat(job.errors()).isEmpty();
    assertThat(job.results()).containsExactly(0L, 1L, 2L, 4L, 6L, 12L, 11L);
  }

  @Test
  void aWordThatIsNoActionIsRefused() {
    job.tasks(1, job.numbers(1), map("odd").putConfig("anabranch.on-error", "retry"));

    job.run();

    assertThat(job.errors().get(1).getSummary()).contains("anabranch.on-error is retry");
  }

  @Test
  void aSourceHasNothingToSkip() {
    job.tasks(1, skipping(job.numbers(1)), job.sink());

    job.run();

    assertThat(job.errors().get(1).getSummary()).contains("a source has no records");
  }

  @Test
  void deadLettersSayWhoFailedAtWhatAndWhy() {
    var letters = deadLettersOf(skipping(map("odd")));

    assertThat(letters)
        .containsExactly(
            Map.of(
                "operator",
                "com.acme.Picky::odd#1",
                "subtask",
                0L,
                "record",
                0L,
                "error",
                "IllegalArgumentException: 0 is even"),
            Map.of(
                "operator",
                "com.acme.Picky::odd#1",
                "subtask",
                0L,
                "record",
                2L,
                "error",
                "IllegalArgumentException: 2 is even"));
    assertThat(warnings()).isEmpty();
  }

  @Test
  void resultsAndDeadLettersTakeTheirOwnEdges() {
    var source = job.tasks(1, job.numbers(4), skipping(map("odd")));
    var results = job.tasks(1, job.sink());
    var letters = job.tasks(1, skipping(map("modulo")));
    job.edge(source, results, KIND_FORWARD, false);
    job.edge(source, letters, KIND_FORWARD, false);
    source.get(0).getOutputsBuilder(1).setDeadLetters(true);

    job.run();

    assertThat(job.errors()).isEmpty();
    assertThat(job.results()).containsExactly(1L, 3L);
    // The consumer of the letters fails at each, for it is a map and not a number.
    assertThat(warnings()).hasSize(2).allMatch(line -> line.contains("ClassCastException"));
  }

  @Test
  void onlyTheLastOperatorOfAChainSendsDeadLetters() {
    var letters = deadLettersOf(skipping(map("odd")), skipping(map("refuse")));

    assertThat(letters).extracting(letter -> letter.get("record")).containsExactly(1L, 3L);
    assertThat(warnings()).hasSize(2).allMatch(line -> line.contains("Picky::odd#1 skips"));
  }

  @Test
  void aDeadLetterHasTheRecordAsItCame() {
    var letters = deadLettersOf(map("list"), skipping(map("clear")));

    assertThat(letters)
        .extracting(letter -> letter.get("record"))
        .containsExactly(List.of(0L, 0L), List.of(1L, 1L), List.of(2L, 2L), List.of(3L, 3L));
  }

  @Test
  void aRecordThatCannotBeSentComesAsText() {
    var letters = deadLettersOf(map("thread"), skipping(map("half")));

    assertThat(letters)
        .hasSize(4)
        .allMatch(letter -> ((String) letter.get("record")).startsWith("Thread["))
        .allMatch(letter -> letter.get("error").equals("IllegalStateException: half \\ud800"));
  }

  @Test
  void aRecordThatIsLargerThanAFrameComesAsText() {
    var letters = deadLettersOf(map("large"), skipping(map("refuse")));

    assertThat(letters)
        .hasSize(4)
        .allMatch(letter -> ((String) letter.get("record")).startsWith("[B@"));
  }

  @Test
  void aSinkMayHaveDeadLettersAndNoOtherOutput() {
    var letters = deadLettersOf(skipping(job.operator(OPERATOR_KIND_SINK, "com.acme.Picky::odd")));

    assertThat(letters).extracting(letter -> letter.get("record")).containsExactly(0L, 2L);
  }

  private Operator.Builder upsert() {
    return job.operator(OPERATOR_KIND_SINK, "com.acme.Upsert");
  }

  @Test
  void anIdNamesChannelAndPlaceAndCountsRecordsThatFail() {
    var sources = job.tasks(2, job.numbers(2_000));
    var sink = job.tasks(1, skipping(upsert()));
    job.edge(sources, sink, KIND_FORWARD, false);

    job.run();

    assertThat(job.errors()).isEmpty();
    List<Object> wanted = new ArrayList<>();
    LongStream.range(0, 2_000)
        .filter(n -> n != 3)
        .forEach(n -> wanted.add("job/%d/%d=%d".formatted(1 + n % 2, n / 2, n)));
    assertThat(job.results()).containsExactlyInAnyOrderElementsOf(wanted);
  }

  @Test
  void anIdempotentSinkThatIsNotTheHeadOfItsTaskIsRefused() {
    job.tasks(1, job.numbers(2), upsert());

    job.run();

    assertThat(job.errors().get(1).getSummary()).contains("disableChain()", "disable_chain()");
  }

  @Test
  void anIdempotentSinkIsRefusedWhereRecordsCountAtLeastOnce() {
    job.option("anabranch.mode", "at_least_once");
    List<TaskDescriptor.Builder> source = job.tasks(1, job.numbers(2));
    job.edge(source, job.tasks(1, upsert()), KIND_FORWARD, false);

    job.deploy().connect();
    while (!job.errors().containsKey(2)) {
      Thread.onSpinWait();
    }

    assertThat(job.errors().get(2).getSummary()).contains("anabranch.mode=at_least_once");
  }

  private static final String WEAK_SOURCE_WARNING =
      "source com.acme.Numbers#1 saves no position (saveCheckpoint): if its worker fails it begins"
          + " again, and records come more than once";

  private List<String> warningsOfASource(String mode, int parallelism, Operator.Builder source) {
    job.option("anabranch.mode", mode);
    job.tasks(parallelism, source.putConfig("end", "0"), job.sink());
    job.deploy();
    return warnings();
  }

  @Test
  void aSourceWithoutAPositionIsNamedOnceWhereItWouldMatter() {
    assertThat(warningsOfASource("exactly_once", 2, job.numbers(0)))
        .containsExactly(WEAK_SOURCE_WARNING);
  }

  @Test
  void withoutRecoveryNoSourceIsNamed() {
    assertThat(warningsOfASource("none", 1, job.numbers(0))).isEmpty();
  }

  @Test
  void aSourceThatWasAnObjectWasNamedWhereItWasSubmitted() {
    Operator.Builder source = job.operator(OPERATOR_KIND_SOURCE, "com.acme.Numbers");
    source.getFunctionBuilder().clearJavaReference();
    assertThat(warningsOfASource("exactly_once", 1, source)).isEmpty();
  }
}
