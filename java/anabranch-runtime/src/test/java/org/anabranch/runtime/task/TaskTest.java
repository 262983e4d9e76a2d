package org.anabranch.runtime.task;

import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_FILTER;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_FLAT_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_KEY_BY;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_REDUCE;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SINK;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SOURCE;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_UNION;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_BROADCAST;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_CUSTOM;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_FORWARD;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_KEY;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_REBALANCE;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.OperatorCounters;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.TaskReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TaskTest {
  private static final String FUNCTIONS =
      """
      public class Text {
        public static String modulo(Long n) { return "k" + n % 7; }
        public static long twice(long n) { return 2 * n; }
        public static boolean even(Long n) { return n % 2 == 0; }
        public static Long add(Long a, Long b) { return a + b; }
        public static List<Long> both(Long n) { return List.of(n, -n); }
        public static int last(Long n, int partitions) { return partitions - 1; }
        public static void release(Long n) {
          ((java.util.concurrent.Semaphore) System.getProperties().get("gate")).acquireUninterruptibly();
        }
        public static Long[] million(Long n) { return null; }
      }
      """;

  @TempDir Path directory;

  private TestJob job(String... more) {
    String[] sources = new String[more.length + 2];
    sources[0] = TestJob.NUMBERS;
    sources[1] = FUNCTIONS;
    System.arraycopy(more, 0, sources, 2, more.length);
    return new TestJob(directory, sources);
  }

  @Test
  void aChainHandsEachRecordThroughAllItsOperators() {
    try (TestJob job = job()) {
      job.tasks(
          1,
          job.numbers(5),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Text::twice"),
          job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Text::both"),
          job.operator(OPERATOR_KIND_FILTER, "com.acme.Text::even"),
          job.sink());

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactly(0L, 0L, 2L, -2L, 4L, -4L, 6L, -6L, 8L, -8L);
      assertThat(job.states(1)).containsExactly(Lifecycle.RUNNING, Lifecycle.FINISHED);
    }
  }

  @Test
  void noOperatorSeemsToTakeMoreThanWasEmittedThoughTheTaskRunsOnMeanwhile() throws Exception {
    try (TestJob job = job()) {
      job.tasks(
          1,
          job.numbers(300_000),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Text::twice"),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Text::twice"),
          job.sink());
      job.deploy().connect();

      int last = 3;
      List<OperatorCounters> counters = List.of();
      while (counters.isEmpty() || counters.get(last).getRecordsIn() < 300_000) {
        assertThat(job.errors()).isEmpty();
        counters = job.task(1).report().getOperatorsList();
        for (int i = 1; i < counters.size(); i++) {
          assertThat(counters.get(i).getRecordsIn()).isEqualTo(counters.get(i - 1).getRecordsOut());
        }
      }
      job.awaitEnd();
    }
  }

  private static final String LATE =
      """
      public class Late extends RichFlatMapFunction<Long, Long> {
        Collector<Long> kept;
        public void flatMap(Long n, Collector<Long> out) { kept = out; }
        public void close() { kept.collect(-1L); }
      }
      """;

  @Test
  void whatIsCollectedInCloseIsEmittedAlsoWhereFailingRecordsAreLeftOut() {
    try (TestJob job = job(LATE)) {
      var late = job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Late");
      late.putConfig("anabranch.on-error", "skip");
      job.tasks(
          1,
          job.numbers(5),
          late,
          job.operator(OPERATOR_KIND_MAP, "com.acme.Text::twice"),
          job.sink());

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactly(-2L);
    }
  }

  private static final String PUSH =
      """
      public class Push implements SourceFunction<Long> {
        public void init(int parallelism, int index) {}
        public void fetch(SourceContext<Long> context) throws Exception {
          Thread thread = new Thread(() -> context.collect(1L), "client");
          thread.setUncaughtExceptionHandler((t, e) -> {});
          thread.start();
          thread.join();
        }
      }
      """;

  @Test
  void aCollectorOnAnotherThreadIsAnErrorOfTheFunctionToo() {
    try (TestJob job = job(PUSH)) {
      job.tasks(1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Push"), job.sink());

      job.run();

      assertThat(job.errors().get(1).getSummary()).contains("collect was called on thread client");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void recordsOfAChannelKeepTheirOrder(String transport) {
    try (TestJob job = job().option("anabranch.exchange.transport", transport)) {
      var source = job.tasks(1, job.numbers(20_000));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactlyElementsOf(boxed(20_000));
      assertThat(job.endpoint(1).getUnixPath().isEmpty()).isEqualTo(transport.equals("tcp"));
    }
  }

  @Test
  void reduceKeepsOneValuePerKeyAtAnyParallelism() {
    try (TestJob job = job()) {
      var source =
          job.tasks(
              2, job.numbers(7_000), job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Text::modulo"));
      var reduce =
          job.tasks(2, job.operator(OPERATOR_KIND_REDUCE, "com.acme.Text::add"), job.sink());
      job.edge(source, reduce, KIND_KEY, true);

      job.run();

      assertThat(job.errors()).isEmpty();
      // Every record gives one result, and the largest of a key is the sum of all its records.
      assertThat(job.results()).hasSize(7_000);
      Map<Long, Long> sums = new HashMap<>();
      boxed(7_000).forEach(n -> sums.merge(n % 7, n, Long::sum));
      assertThat(job.results()).containsAll(List.copyOf(sums.values()));
      assertThat(job.results().stream().mapToLong(n -> (Long) n).max())
          .hasValue(sums.values().stream().mapToLong(n -> n).max().orElseThrow());
    }
  }

  @Test
  void theConsumerComputesKeysThatFramesDoNotCarry() {
    try (TestJob job = job()) {
      var source =
          job.tasks(
              1, job.numbers(700), job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Text::modulo"));
      var reduce =
          job.tasks(2, job.operator(OPERATOR_KIND_REDUCE, "com.acme.Text::add"), job.sink());
      FunctionDescriptor key =
          FunctionDescriptor.newBuilder()
              .setJavaReference(
                  JavaReference.newBuilder().setClassName("com.acme.Text").setMethod("modulo"))
              .build();
      job.edge(source, reduce, Partitioning.newBuilder().setKind(KIND_KEY), false, key);

      job.run();

      assertThat(job.errors()).isEmpty();
      Map<Long, Long> sums = new HashMap<>();
      boxed(700).forEach(n -> sums.merge(n % 7, n, Long::sum));
      assertThat(job.results()).hasSize(700).containsAll(List.copyOf(sums.values()));
    }
  }

  @Test
  void everyPartitioningDeliversWhatItPromises() {
    for (Partitioning.Kind kind : List.of(KIND_REBALANCE, KIND_BROADCAST, KIND_CUSTOM)) {
      try (TestJob job = job()) {
        var source = job.tasks(1, job.numbers(999));
        var sink = job.tasks(3, job.sink());
        Partitioning.Builder partitioning =
            Partitioning.newBuilder()
                .setKind(kind)
                .setFunction(
                    FunctionDescriptor.newBuilder()
                        .setJavaReference(
                            JavaReference.newBuilder()
                                .setClassName("com.acme.Text")
                                .setMethod("last")));
        job.edge(source, sink, partitioning, false, null);

        job.run();

        assertThat(job.errors()).isEmpty();
        List<Long> taken =
            List.of(2, 3, 4).stream()
                .map(task -> job.task(task).report().getOperators(0).getRecordsIn())
                .toList();
        List<Long> expected =
            switch (kind) {
              case KIND_BROADCAST -> List.of(999L, 999L, 999L);
              case KIND_CUSTOM -> List.of(0L, 0L, 999L);
              default -> List.of(333L, 333L, 333L);
            };
        assertThat(taken).as(kind.name()).isEqualTo(expected);
      }
    }
  }

  @Test
  void aUnionMergesItsInputsAndADiamondEnds() {
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(1_000));
      var twice = job.tasks(1, job.operator(OPERATOR_KIND_MAP, "com.acme.Text::twice"));
      var even = job.tasks(1, job.operator(OPERATOR_KIND_FILTER, "com.acme.Text::even"));
      var union = job.tasks(1, job.operator(OPERATOR_KIND_UNION, "union"), job.sink());
      job.edge(source, twice, KIND_FORWARD, false);
      job.edge(source, even, KIND_FORWARD, false);
      job.edge(twice, union, KIND_FORWARD, false);
      job.edge(even, union, KIND_FORWARD, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).hasSize(1_500);
    }
  }

  @Test
  void aSlowConsumerStopsItsProducerAndNothingIsLost() throws InterruptedException {
    Semaphore gate = new Semaphore(0);
    System.getProperties().put("gate", gate);
    try (TestJob job =
        job()
            .option("anabranch.exchange.send-queue-bytes", 4_096)
            .option("anabranch.exchange.socket-buffer-bytes", 4_096)) {
      var source = job.tasks(1, job.numbers(200_000));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_SINK, "com.acme.Text::release"));
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy().connect();

      TaskReport producer = awaitBackpressure(job.task(1));
      long emitted = producer.getOperators(0).getRecordsOut();
      // A Long takes 9 bytes: one frame there, the queue and one frame here, and the kernel's
      // buffers,
      // which Linux makes twice as large as asked for, and counts its own structures in.
      assertThat(emitted).isLessThan(100_000);
      assertThat(job.task(1).report().getOperators(0).getRecordsOut()).isEqualTo(emitted);

      gate.release(1_000_000);
      job.awaitEnd();
      assertThat(job.errors()).isEmpty();
      assertThat(job.task(2).report().getOperators(0).getRecordsIn()).isEqualTo(200_000);
    } finally {
      System.getProperties().remove("gate");
    }
  }

  private static TaskReport awaitBackpressure(Task task) throws InterruptedException {
    // Stopped is what does not move any more: the same count twice, with the flag up.
    long before = -1;
    while (true) {
      TaskReport report = task.report();
      long now = report.getOperatorsCount() == 0 ? -1 : report.getOperators(0).getRecordsOut();
      if (report.getBackpressured() && now == before) {
        return report;
      }
      before = now;
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void aFlatMapThatEmitsMillionsFromOneRecordStaysBoundedAndCanBeCancelled() throws Exception {
    Semaphore gate = new Semaphore(0);
    System.getProperties().put("gate", gate);
    String endless =
        """
        public class Endless implements FlatMapFunction<Long, Long> {
          public void flatMap(Long n, Collector<Long> out) {
            for (long i = 0; ; i++) out.collect(i);
          }
        }
        """;
    try (TestJob job = job(endless)) {
      var source =
          job.tasks(1, job.numbers(1), job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Endless"));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_SINK, "com.acme.Text::release"));
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy().connect();
      awaitBackpressure(job.task(1));

      job.task(1).cancel();

      assertThat(job.task(1).awaitEnd(10_000)).isTrue();
      assertThat(job.states(1)).containsExactly(Lifecycle.RUNNING, Lifecycle.CANCELLED);
      gate.release(1_000_000);
    } finally {
      gate.release(1_000_000);
      System.getProperties().remove("gate");
    }
  }

  @Test
  void cancelInterruptsUserCodeAndClosesItsFunctions() throws InterruptedException {
    CountDownLatch asleep = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    System.getProperties().put("asleep", asleep);
    System.getProperties().put("closed", closed);
    String sleeper =
        """
        public class Sleeper extends RichMapFunction<Long, Long> {
          public Long map(Long n) throws Exception {
            ((java.util.concurrent.CountDownLatch) System.getProperties().get("asleep")).countDown();
            Thread.sleep(1_000_000);
            return n;
          }
          public void close() {
            ((java.util.concurrent.CountDownLatch) System.getProperties().get("closed")).countDown();
          }
        }
        """;
    try (TestJob job = job(sleeper)) {
      job.option("anabranch.stall.warn-ms", 1);
      job.tasks(1, job.numbers(5), job.operator(OPERATOR_KIND_MAP, "com.acme.Sleeper"), job.sink());
      job.deploy().connect();
      assertThat(asleep.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(job.task(1).report().getTaskId()).isEqualTo(1);
      assertThat(job.task(1).report().getBusyAt()).startsWith("com.acme.Sleeper.map(Sleeper.java:");

      job.task(1).cancel();
      job.awaitEnd();

      assertThat(job.states(1)).containsExactly(Lifecycle.RUNNING, Lifecycle.CANCELLED);
      assertThat(job.errors()).isEmpty();
      assertThat(closed.getCount()).isZero();
      assertThat(job.results()).isEmpty();
    } finally {
      System.getProperties().remove("asleep");
      System.getProperties().remove("closed");
    }
  }

  @Test
  void aTaskThatWaitsForItsProducersCanBeCancelled() {
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(5));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy();

      job.task(1).cancel();
      job.task(2).cancel();
      job.awaitEnd();

      assertThat(job.states(1)).containsExactly(Lifecycle.CANCELLED);
      assertThat(job.states(2)).containsExactly(Lifecycle.CANCELLED);
    }
  }

  @Test
  void aTaskIsFinishedOnlyWhenItsConsumersHaveTakenEverything() throws InterruptedException {
    Semaphore gate = new Semaphore(0);
    System.getProperties().put("gate", gate);
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(3));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_SINK, "com.acme.Text::release"));
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy().connect();
      job.awaitRunning(1);
      while (job.task(1).report().getOperators(0).getRecordsOut() < 3) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      assertThat(job.task(1).awaitEnd(100)).isFalse();

      gate.release(3);
      job.awaitEnd();

      assertThat(job.states(1)).containsExactly(Lifecycle.RUNNING, Lifecycle.FINISHED);
    } finally {
      System.getProperties().remove("gate");
    }
  }

  @Test
  void anErrorEndsTheTaskAndNamesOperatorRecordAndUserLine() {
    String broken =
        """
        public class Broken implements MapFunction<Long, Long> {
          public Long map(Long n) {
            if (n == 3) throw new IllegalStateException("bad row", new NumberFormatException("x"));
            return n;
          }
        }
        """;
    try (TestJob job = job(broken)) {
      job.tasks(1, job.numbers(5), job.operator(OPERATOR_KIND_MAP, "com.acme.Broken"), job.sink());

      job.run();

      var error = job.errors().get(1);
      assertThat(error.getOperator()).isEqualTo("com.acme.Broken#2");
      assertThat(error.getRecordPosition()).isEqualTo(3);
      assertThat(error.getRecord()).isEqualTo("3");
      assertThat(error.getSummary()).isEqualTo("java.lang.IllegalStateException: bad row");
      // golden: what a user reads
      assertThat(error.getUserTrace().replaceAll("\\d+ engine frames?", "N engine frames"))
          .isEqualTo(
              """
              java.lang.IllegalStateException: bad row
              \tat com.acme.Broken.map(Broken.java:3)
              \t... N engine frames
              \tat com.acme.Numbers.fetch(Numbers.java:11)
              \t... N engine frames
              Caused by: java.lang.NumberFormatException: x
              \t... 20 more
              """
                  .replace("20", String.valueOf(moreFrames(error.getUserTrace()))));
      assertThat(error.getFullTrace()).contains("org.anabranch.runtime.operator.Stage");
      assertThat(job.results()).containsExactly(0L, 1L, 2L);
      assertThat(job.states(1)).containsExactly(Lifecycle.RUNNING, Lifecycle.FAILED);
    }
  }

  private static int moreFrames(String trace) {
    var matcher = java.util.regex.Pattern.compile("(\\d+) more").matcher(trace);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
  }

  @Test
  void aFailureThatUserCodeSwallowsFailsTheTaskAllTheSame() {
    String swallower =
        """
        public class Swallower implements FlatMapFunction<Long, Long> {
          public void flatMap(Long n, Collector<Long> out) {
            try { out.collect(n); } catch (RuntimeException e) { }
          }
        }
        """;
    String broken =
        """
        public class Broken implements MapFunction<Long, Long> {
          public Long map(Long n) { return 10 / n; }
        }
        """;
    try (TestJob job = job(swallower, broken)) {
      job.tasks(
          1,
          job.numbers(5),
          job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Swallower"),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Broken"),
          job.sink());

      job.run();

      assertThat(job.errors().get(1).getOperator()).isEqualTo("com.acme.Broken#3");
      assertThat(job.results()).isEmpty();
    }
  }

  @Test
  void aPythonIntThatIsTakenForAnIntegerIsExplained() {
    String wrong =
        """
        public class Wrong implements MapFunction<Integer, Integer> {
          public Integer map(Integer n) { return n + 1; }
        }
        """;
    try (TestJob job = job(wrong)) {
      job.tasks(1, job.numbers(5), job.operator(OPERATOR_KIND_MAP, "com.acme.Wrong"), job.sink());

      job.run();

      assertThat(job.errors().get(1).getHint())
          .isEqualTo("a Python int arrives as java.lang.Long: declare Long instead of Integer");
      assertThat(job.errors().get(1).getSummary()).startsWith("java.lang.ClassCastException");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "throw new StackOverflowError();",
        "throw new OutOfMemoryError();",
        "throw new LinkageError();",
        "Thread.currentThread().interrupt(); throw new IllegalStateException();"
      })
  void whateverIsThrownEndsTheTaskOnly(String statement) {
    String broken =
        """
        public class Broken implements MapFunction<Long, Long> {
          public Long map(Long n) { if (n >= 0) { %s } return n; }
        }
        """
            .formatted(statement);
    try (TestJob job = job(broken)) {
      job.tasks(1, job.numbers(5), job.operator(OPERATOR_KIND_MAP, "com.acme.Broken"), job.sink());

      job.run();

      assertThat(job.errors().get(1).getOperator()).isEqualTo("com.acme.Broken#2");
      assertThat(job.states(1)).endsWith(Lifecycle.FAILED);
    }
  }

  @Test
  void anInterruptFlagLeftByUserCodeDoesNotBreakItsConnections() {
    String rude =
        """
        public class Rude implements MapFunction<Long, Long> {
          public Long map(Long n) { Thread.currentThread().interrupt(); return n; }
        }
        """;
    try (TestJob job = job(rude)) {
      var source =
          job.tasks(1, job.numbers(5_000), job.operator(OPERATOR_KIND_MAP, "com.acme.Rude"));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_MAP, "com.acme.Rude"), job.sink());
      job.edge(source, sink, KIND_FORWARD, false);

      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).hasSize(5_000);
    }
  }

  @Test
  void aRecordThatCannotCrossNamesProducerRecordAndPath() {
    String unsendable =
        """
        public class Unsendable implements MapFunction<Long, Object> {
          public Object map(Long n) { return List.of("fine", new Thread("no record")); }
        }
        """;
    try (TestJob job = job(unsendable)) {
      var source =
          job.tasks(1, job.numbers(1), job.operator(OPERATOR_KIND_MAP, "com.acme.Unsendable"));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy().connect();
      job.awaitRunning(1);
      try {
        assertThat(job.task(1).awaitEnd(20_000)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }

      var error = job.errors().get(1);
      assertThat(error.getOperator()).isEqualTo("com.acme.Unsendable#2");
      assertThat(error.getRecord()).startsWith("[\"fine\", Thread[no record");
      assertThat(error.getSummary()).contains("java.lang.Thread").contains("[1]");
      assertThat(error.getHint()).contains("com.acme.ToQueue#3");
    }
  }

  @Test
  void aRecordTooLargeForAFrameIsRefusedAndManyLargeOnesAreSplit() {
    String large =
        """
        public class Large extends RichMapFunction<Long, byte[]> {
          public byte[] map(Long n) { return new byte[n == 1_999 ? 2_000_000 : 300_000]; }
        }
        """;
    String size =
        """
        public class Size { public static Long of(byte[] bytes) { return (long) bytes.length; } }
        """;
    try (TestJob job = job(large, size)) {
      var source = job.tasks(1, job.numbers(40), job.operator(OPERATOR_KIND_MAP, "com.acme.Large"));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_MAP, "com.acme.Size::of"), job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      job.run();

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).hasSize(40).containsOnly(300_000L);
    }
    try (TestJob job = job(large, size)) {
      var source =
          job.tasks(1, job.numbers(2_000), job.operator(OPERATOR_KIND_MAP, "com.acme.Large"));
      var sink = job.tasks(1, job.operator(OPERATOR_KIND_MAP, "com.acme.Size::of"), job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy().connect();
      try {
        assertThat(job.task(1).awaitEnd(30_000)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }

      assertThat(job.errors().get(1).getSummary()).contains("anabranch.exchange.max-frame-bytes");
      assertThat(job.errors().get(1).getRecord()).isEqualTo("byte[2000000]");
    }
  }

  @Test
  void aFunctionThatCannotBeLoadedFailsTheTaskByItsOperator() {
    try (TestJob job = job()) {
      job.tasks(1, job.numbers(5), job.operator(OPERATOR_KIND_SINK, "com.acme.Nowhere"));

      job.run();

      assertThat(job.errors().get(1).getOperator()).isEqualTo("com.acme.Nowhere#2");
      assertThat(job.errors().get(1).getSummary())
          .isEqualTo(
              "class com.acme.Nowhere is in none of the job's jars; add the jar that holds it (add_jar)");
      assertThat(job.states(1)).containsExactly(Lifecycle.FAILED);
    }
  }

  @Test
  void functionsAreOpenedFromTheEndAndClosedFromTheStart() {
    Map<Object, Object> log = new ConcurrentHashMap<>();
    System.getProperties().put("log", log);
    String logging =
        """
        public class Logging extends RichMapFunction<Long, Long> {
          String name;
          @SuppressWarnings("unchecked")
          void log(String what) {
            var log = (Map<Object, Object>) System.getProperties().get("log");
            log.put(log.size(), what + " " + name);
          }
          public void open(RuntimeContext c) { name = c.getOperatorName(); log("open"); }
          public Long map(Long n) { return n; }
          public void close() { log("close"); }
        }
        """;
    try (TestJob job = job(logging)) {
      job.tasks(
          1,
          job.numbers(1),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Logging"),
          job.operator(OPERATOR_KIND_MAP, "com.acme.Logging"),
          job.sink());

      job.run();

      assertThat(log.values())
          .containsExactly(
              "open com.acme.Logging#3",
              "open com.acme.Logging#2",
              "close com.acme.Logging#2",
              "close com.acme.Logging#3");
    } finally {
      System.getProperties().remove("log");
    }
  }

  @Test
  void anUnixSocketIsPrivateAndGoneAfterwards() throws Exception {
    try (TestJob job = job()) {
      var source = job.tasks(1, job.numbers(5));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      job.deploy();
      Path socket = Path.of(job.endpoint(1).getUnixPath());

      assertThat(socket.getFileName()).hasToString("t1-1.sock");
      assertThat(
              java.nio.file.attribute.PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");

      job.connect().awaitEnd();
      assertThat(socket).doesNotExist();
    }
  }

  private static List<Long> boxed(long end) {
    return LongStream.range(0, end).boxed().toList();
  }
}
