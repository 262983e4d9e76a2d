package com.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import org.anabranch.api.CompletedCheckpoint;
import org.anabranch.api.DataStream;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.Job;
import org.anabranch.api.JobCancelledException;
import org.anabranch.api.JobFailedException;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.JobState;
import org.anabranch.api.JobStatus;
import org.anabranch.api.JoinType;
import org.anabranch.api.OperatorStatus;
import org.anabranch.api.PythonFunction;
import org.anabranch.api.PythonStreamSource;
import org.anabranch.api.StreamingContext;
import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.tuple.Tuple2;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs written in Java, run as their users run them. */
@Timeout(120)
class JobsTest {

  /** Runs something and returns the lines that it has printed, sorted. */
  private static List<String> linesOf(Runnable job) {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      job.run();
    } finally {
      System.setOut(before);
    }
    List<String> lines =
        new ArrayList<>(printed.toString(StandardCharsets.UTF_8).lines().toList());
    Collections.sort(lines);
    return lines;
  }

  private static List<String> printedBy(StreamingContext context) {
    return linesOf(() -> context.execute("job"));
  }

  private static StreamingContext context() {
    return StreamingContext.buildContext()
        .setParallelism(2)
        .withConfig("anabranch.python.tasks-per-worker", "8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "3"})
  void theWordCountOfThePredecessorRuns(String parallelism) {
    assertEquals(
        List.of("sink result=hello:1", "sink result=hello:2"),
        linesOf(() -> WordCount.main(new String[] {parallelism})));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "3"})
  void theHybridJobOfThePredecessorRuns(String parallelism) {
    assertEquals(
        List.of("HybridStream sink=aaaa", "HybridStream sink=cccc"),
        linesOf(() -> HybridJob.main(new String[] {parallelism})));
  }

  @Test
  void aLambdaMayCaptureWhatIsSerializable() {
    StreamingContext context = context();
    int factor = 3;
    DataStreamSource.fromCollection(context, List.of(1L, 2L))
        .map(x -> x * factor)
        .sink(x -> System.out.println(x));

    assertEquals(List.of("3", "6"), printedBy(context));
  }

  @Test
  void aLambdaThatCapturesWhatIsNotSerializableIsRefusedByName() {
    class Holder implements java.io.Serializable {
      private static final long serialVersionUID = 1L;
      final Object lock = new Object();
    }

    Holder holder = new Holder();
    DataStreamSource<Long> source = DataStreamSource.fromCollection(context(), List.of(1L));

    JobGraphException refused =
        assertThrows(JobGraphException.class, () -> source.map(x -> holder.lock.hashCode() + x));

    assertTrue(refused.getMessage().contains("captured value 1"), refused.getMessage());
    assertTrue(refused.getMessage().contains("field 'lock'"), refused.getMessage());
  }

  /** Not serializable. */
  public record Plain(int x) {}

  @Test
  void aCollectionOfWhatIsNotSerializableIsRefusedByClass() {
    JobGraphException refused =
        assertThrows(
            JobGraphException.class,
            () -> DataStreamSource.fromCollection(context(), List.of(new Plain(1))));

    assertTrue(refused.getMessage().contains("Plain is not Serializable"), refused.getMessage());
  }

  @Test
  void pythonClassesAreMadeWithArguments() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of(2L, 5L))
        .asPythonStream()
        .map(PythonFunction.of("hybrid_functions", "Times").withArgs(10))
        .asJavaStream()
        .sink(x -> System.out.println(x));

    assertEquals(List.of("20", "50"), printedBy(context));
  }

  @Test
  void recordsArriveAsDataclassesAndComeBack() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of(new Flight("UA", 1), new Flight("AA", 2)))
        .asPythonStream()
        .map("flights", "later")
        .asJavaStream()
        .withType(Flight.class)
        .map(flight -> flight.carrier() + " " + flight.delay())
        .sink(x -> System.out.println(x));

    assertEquals(List.of("AA 3", "UA 2"), printedBy(context));
  }

  @Test
  void theKeyStaysTheKeyAcrossTheBorder() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(
            context, List.of(new Flight("UA", 1), new Flight("AA", 2), new Flight("UA", 7)))
        .setParallelism(1)
        .keyBy(Flight::carrier)
        .asPythonStream()
        .process("flights", "CountPerKey")
        .asJavaStream()
        .sink(x -> System.out.println(x));

    assertEquals(List.of("(AA, 1)", "(UA, 1)", "(UA, 2)"), printedBy(context));
  }

  @Test
  void pythonReducesByAPythonKey() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of(new Flight("UA", 9), new Flight("UA", 7)))
        .setParallelism(1)
        .asPythonStream()
        .keyBy("flights", "carrier")
        .reduce("flights", "longest")
        .asJavaStream()
        .withType(Flight.class)
        .sink(flight -> System.out.println(flight.delay()));

    assertEquals(List.of("9", "9"), printedBy(context));
  }

  @Test
  void pythonConnectsTwoStreams() {
    StreamingContext context = context();
    var first = DataStreamSource.fromCollection(context, List.of("a")).asPythonStream();
    var second = DataStreamSource.fromCollection(context, List.of("b")).asPythonStream();
    first
        .connect(second, PythonFunction.of("flights", "Tag"))
        .asJavaStream()
        .sink(x -> System.out.println(x));

    assertEquals(List.of("first a", "second b"), printedBy(context));
  }

  @Test
  void everyOtherVerbOfPythonStreamsRuns() {
    String module = "hybrid_functions";
    StreamingContext context = context();
    var words = DataStreamSource.fromCollection(context, List.of("ab", "abc")).setParallelism(1);
    var python = words.asPythonStream().map(module, "map_func1");
    python.flatMap(module, "letters").filter(module, "filter_func1").sink("builtins", "print");
    python
        .union(PythonStreamSource.from(context, module, "Once"))
        .partitionBy(PythonFunction.of(module, "last_subtask"))
        .asJavaStream()
        .sink(x -> System.out.println("union " + x));
    python
        .keyBy(module, "first")
        .aggregate(module, "Longest")
        .asJavaStream()
        .sink(x -> System.out.println("longest " + x));
    python
        .join(words.asPythonStream())
        .within(Duration.ofHours(1))
        .as(JoinType.INNER)
        .where(module, "first")
        .equalTo(module, "first")
        .with(module, "pair")
        .asJavaStream()
        .sink(x -> System.out.println("pair " + x));

    assertEquals(
        List.of(
            "a", "a", "a", "a", "c", "c", "longest abab", "longest abcabc", "pair abab+ab",
            "pair abab+abc", "pair abcabc+ab", "pair abcabc+abc", "union abab", "union abcabc",
            "union once"),
        printedBy(context));
  }

  /** The mean of the numbers of a key. */
  public static class Mean implements AggregateFunction<Long, long[], Double> {
    private static final long serialVersionUID = 1L;

    @Override
    public long[] createAccumulator() {
      return new long[2];
    }

    @Override
    public long[] add(Long value, long[] accumulator) {
      return new long[] {accumulator[0] + value, accumulator[1] + 1};
    }

    @Override
    public Double getResult(long[] accumulator) {
      return (double) accumulator[0] / accumulator[1];
    }

    @Override
    public long[] merge(long[] a, long[] b) {
      return new long[] {a[0] + b[0], a[1] + b[1]};
    }
  }

  @Test
  void aggregateEmitsTheResultSoFar() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of(1L, 3L, 8L))
        .setParallelism(1)
        .keyBy(x -> x % 2)
        .aggregate(new Mean())
        .sink(x -> System.out.println(x));

    assertEquals(List.of("1.0", "2.0", "8.0"), printedBy(context));
  }

  @Test
  void joinPairsRecordsOfOneKey() {
    StreamingContext context = context();
    DataStream<Tuple2<String, Long>> left =
        DataStreamSource.fromCollection(
            context, List.of(new Tuple2<>("a", 1L), new Tuple2<>("l", 2L)));
    DataStream<Tuple2<String, String>> right =
        DataStreamSource.fromCollection(
            context, List.of(new Tuple2<>("a", "x"), new Tuple2<>("a", "y")));
    left.join(right)
        .within(Duration.ofHours(1))
        .as(JoinType.LEFT)
        .where(Tuple2::f0)
        .equalTo(Tuple2::f0)
        .with((a, b) -> a.f1() + " " + (b == null ? "alone" : b.f1()))
        .sink(x -> System.out.println(x));

    assertEquals(List.of("1 x", "1 y", "2 alone"), printedBy(context));
  }

  @Test
  void aJoinWithoutRetentionIsRefused() {
    DataStream<Long> stream = DataStreamSource.fromCollection(context(), List.of(1L));

    assertThrows(
        JobGraphException.class,
        () -> stream.join(stream).where(x -> x).equalTo(x -> x).with((a, b) -> a));
  }

  /** Numbers and words. */
  public static class TagBoth implements CoProcessFunction<Long, String, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public void process1(Long value, Collector<String> collector) {
      collector.collect("number " + value);
    }

    @Override
    public void process2(String value, Collector<String> collector) {
      collector.collect("word " + value);
    }
  }

  @Test
  void connectUnionBroadcastAndPartitionByRun() {
    StreamingContext context = context();
    DataStream<Long> numbers = DataStreamSource.fromCollection(context, List.of(1L));
    DataStream<String> words = DataStreamSource.fromCollection(context, List.of("w"));
    DataStream<String> tagged = numbers.connect(words).process(new TagBoth());
    DataStream<String> twice =
        words.setParallelism(1).broadcast().map(x -> "twice " + x).setParallelism(2);
    DataStream<String> chosen =
        words.partitionBy((word, n) -> new int[] {n - 1}).map(x -> "chosen " + x);
    tagged.union(twice, chosen).sink(x -> System.out.println(x));

    assertEquals(
        List.of("chosen w", "number 1", "twice w", "twice w", "word w"), printedBy(context));
  }

  @Test
  void processHasAStatePerKey() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of("a", "b", "a"))
        .setParallelism(1)
        .keyBy(x -> x)
        .<String>process(
            (value, ctx, collector) -> {
              long count = ctx.getState() == null ? 1 : (Long) ctx.getState() + 1;
              ctx.setState(count);
              collector.collect(ctx.getKey() + " " + count);
            })
        .sink(x -> System.out.println(x));

    assertEquals(List.of("a 1", "a 2", "b 1"), printedBy(context));
  }

  @Test
  void aTextFileIsReadLineByLine() throws Exception {
    var file = java.nio.file.Files.createTempFile("lines", ".txt");
    java.nio.file.Files.writeString(file, "one\ntwo\r\n\nfour");
    StreamingContext context = context().setParallelism(3);
    DataStreamSource.readTextFile(context, file.toString())
        .sink(x -> System.out.println("[" + x + "]"));

    assertEquals(List.of("[]", "[four]", "[one]", "[two]"), printedBy(context));
  }

  @Test
  void anExceptionInPythonNamesOperatorRecordAndTheUsersLine() {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, List.of("x"))
        .asPythonStream()
        .map("hybrid_functions", "fails")
        .withName("picky")
        .asJavaStream()
        .sink(x -> {});

    JobFailedException failure =
        assertThrows(JobFailedException.class, () -> context.execute("failing"));
    assertEquals("AB301", failure.code());

    List<String> lines = failure.getMessage().lines().toList();
    assertTrue(
        lines.get(0).startsWith("job failing: operator 'picky' failed, subtask ")
            && lines.get(0).endsWith("Python, record 0: 'x'"),
        failure.getMessage());
    assertTrue(failure.getMessage().contains("in fails"), failure.getMessage());
    assertTrue(failure.getMessage().contains("ValueError: no x"), failure.getMessage());
  }

  @Test
  void anExceptionInJavaNamesOperatorRecordAndTheUsersLine() {
    StreamingContext context = context().setParallelism(1);
    DataStreamSource.fromCollection(context, List.of(1L, 0L))
        .map(x -> 10 / x)
        .withName("divides")
        .sink(x -> {});

    JobFailedException failure =
        assertThrows(JobFailedException.class, () -> context.execute("failing"));

    List<String> lines = failure.getMessage().lines().toList();
    assertEquals("job failing: operator 'divides' failed, subtask 0, Java, record 1: 0", lines.get(0));
    assertEquals("java.lang.ArithmeticException: / by zero", lines.get(1));
    assertTrue(lines.get(2).contains("JobsTest.java"), failure.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"no_such_module.f", "hybrid_functions.no_such_function"})
  void aPythonFunctionThatDoesNotExistIsRefusedAtSubmit(String name) {
    StreamingContext context = context();
    String[] parts = name.split("\\.");
    DataStreamSource.fromCollection(context, List.of("x"))
        .asPythonStream()
        .sink(parts[0], parts[1]);

    JobGraphException refused =
        assertThrows(JobGraphException.class, () -> context.submit("missing"));

    assertTrue(refused.getMessage().contains(parts[parts.length - 1].equals("f") ? parts[0] : parts[1]));
  }

  @Test
  void aRunningJobCanBeWatchedAndCancelled() throws Exception {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, Arrays.asList(1L, 2L))
        .map(
            x -> {
              Thread.sleep(1_000_000);
              return x;
            })
        .sink(x -> {});
    Job job = context.submit("endless");

    assertThrows(TimeoutException.class, () -> job.await(Duration.ofMillis(100)));
    job.cancel();

    assertThrows(JobCancelledException.class, job::await);
    assertEquals(JobState.CANCELLED, job.getState());
  }

  @Test
  void theStateOfAJobCanBeAskedForAroundItsEnd() throws Exception {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, Arrays.asList(1L, 2L)).sink(x -> {});
    Job job = context.submit("short");
    Set<JobState> seen = EnumSet.noneOf(JobState.class);

    Thread waits = new Thread(() -> awaitQuietly(job));
    waits.start();
    while (waits.isAlive()) {
      seen.add(job.getState());
    }

    assertTrue(seen.contains(JobState.FINISHED) || job.getState() == JobState.FINISHED);
    assertEquals(JobState.FINISHED, job.getState());
    job.cancel();
    JobStatus status = job.getStatus();
    assertEquals(List.of(0L, 2L), status.operators().stream().map(OperatorStatus::recordsIn).toList());
    assertEquals(List.of(2L, 0L), status.operators().stream().map(OperatorStatus::recordsOut).toList());
    assertEquals(Optional.empty(), status.error());
    assertEquals(Optional.empty(), status.lastCheckpoint());
  }

  private static void awaitQuietly(Job job) {
    try {
      job.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void theStateOfACancelledJobCanBeAskedForAtOnce() throws Exception {
    StreamingContext context = context();
    DataStreamSource.fromCollection(context, Arrays.asList(1L, 2L))
        .map(
            x -> {
              Thread.sleep(1_000_000);
              return x;
            })
        .sink(x -> {});
    Job job = context.submit("endless");

    job.cancel();

    Set<JobState> seen = EnumSet.noneOf(JobState.class);
    for (int i = 0; i < 200; i++) {
      seen.add(job.getState());
      Thread.sleep(1);
    }
    assertEquals(EnumSet.of(JobState.CANCELLED), seen);
  }

  @Test
  void aJobTellsOfItsCheckpoints(@TempDir Path directory) throws Exception {
    StreamingContext context =
        StreamingContext.buildContext()
            .withConfig(
                Map.of(
                    "anabranch.checkpoint.dir", directory.toString(),
                    "anabranch.checkpoint.interval-ms", "100"));
    DataStreamSource.fromCollection(context, LongStream.range(0, 300).boxed().toList())
        .map(
            x -> {
              Thread.sleep(10);
              return x;
            })
        .sink(x -> {});
    Job job = context.submit("watched");
    while (job.getStatus().lastCheckpoint().isEmpty()) {
      Thread.sleep(10);
    }

    CompletedCheckpoint first = job.getStatus().lastCheckpoint().orElseThrow();
    job.await();
    CompletedCheckpoint last = job.getStatus().lastCheckpoint().orElseThrow();

    assertTrue(first.number().orElse(1) >= 1);
    assertEquals(OptionalLong.empty(), last.number());
    assertTrue(!last.completedAt().isBefore(first.completedAt()));
    assertEquals(0, job.getStatus().recoveries());
    assertEquals(Optional.empty(), job.getStatus().pendingCheckpoint());
  }

  /** Takes more memory than this program has; workers have it. */
  record Swollen(int size) {
    private static volatile boolean isInProgram;

    Swollen {
      if (isInProgram) {
        throw new OutOfMemoryError("Java heap space");
      }
    }
  }

  @Test
  @Timeout(120)
  void recordsForWhichTheProgramLacksMemoryAreNamedAsTheReason() {
    Swollen.isInProgram = true;
    DataStream<Swollen> swollen =
        DataStreamSource.fromCollection(context(), List.of(1)).map(size -> new Swollen(size));

    var e = assertThrows(JobFailedException.class, () -> swollen.executeAndCollect("job"));

    assertTrue(e.getMessage().contains("has collected cannot be read in this program"));
    assertTrue(e.getMessage().contains("OutOfMemoryError: Java heap space"), e.getMessage());
  }

  @Test
  void oneContextRunsSeveralJobsAtOnce() throws Exception {
    StreamingContext context = context();
    List<Job> jobs = new ArrayList<>();
    List<String> lines =
        linesOf(
            () -> {
              for (long start : new long[] {0, 10}) {
                List<Long> numbers = LongStream.range(start, start + 3).boxed().toList();
                DataStreamSource.fromCollection(context, numbers)
                    .sink(x -> System.out.println("n" + x));
                jobs.add(context.submit("job " + start));
              }
              for (Job job : jobs) {
                try {
                  job.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }
            });

    assertEquals(List.of("n0", "n1", "n10", "n11", "n12", "n2"), lines);
  }

  @Test
  void whatOperatorsOfEitherLanguageFailAtIsHandledInEither() {
    StreamingContext context = context().setParallelism(1);
    DataStream<Long> divided =
        DataStreamSource.fromCollection(context, List.of(1L, 0L))
            .map(x -> 10 / x)
            .withName("divides");
    divided.sink(x -> System.out.println(x));
    divided
        .deadLetters()
        .map(letter -> letter.get("operator") + ": " + letter.get("error"))
        .sink(x -> System.out.println(x));
    divided.deadLetters().asPythonStream().map("hybrid_functions", "record_of").sink("builtins", "print");
    var picky = divided.asPythonStream().map("hybrid_functions", "fails");
    picky.sink("builtins", "print");
    picky
        .deadLetters()
        .map("hybrid_functions", "record_of")
        .asJavaStream()
        .sink(x -> System.out.println("python fails at " + x));

    assertEquals(
        List.of(
            "10", "divides: ArithmeticException: / by zero", "python fails at record 10",
            "record 0"),
        printedBy(context));
  }

  @Test
  void aSinkLeavesOutWhatItFailsAt() {
    StreamingContext context = context().setParallelism(1);
    DataStreamSource.fromCollection(context, List.of(1L, 0L, 5L))
        .sink(x -> System.out.println(10 / x))
        .withName("divides")
        .withOnError("skip");

    List<String> warnings = new ArrayList<>();
    List<String> printed = linesOf(() -> warnings.addAll(warningsOf(() -> context.execute("job"))));

    assertEquals(List.of("10", "2"), printed);
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.get(0).contains("divides skips record 1, 0: ArithmeticException: / by zero"));
  }

  private static List<String> warningsOf(Runnable job) {
    PrintStream before = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      job.run();
    } finally {
      System.setErr(before);
    }
    return printed.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void anIdempotentSinkIsToldWhichRecordItGets() {
    StreamingContext context = context().setParallelism(1);
    IdempotentSinkFunction<Long> sink =
        (id, value) -> System.out.println(id.substring(id.lastIndexOf('/')) + " " + value);
    DataStreamSource.fromCollection(context, List.of(7L, 8L)).sink(sink);

    assertEquals(List.of("/0 7", "/1 8"), printedBy(context));
  }

  @ParameterizedTest
  @ValueSource(strings = {"exactly_once", "at_least_once", "none"})
  void aSourceWithoutAPositionIsNamedWhereItIsSubmitted(String mode) throws Exception {
    StreamingContext context =
        context()
            .withConfig("anabranch.mode", mode)
            .withConfig(
                "anabranch.checkpoint.dir",
                java.nio.file.Files.createTempDirectory("checkpoints").toString());
    DataStreamSource.fromSource(context, new TwinsTest.Count())
        .withName("counts")
        .sink(x -> System.out.println(x));

    List<String> warnings = new ArrayList<>();
    assertEquals(10, linesOf(() -> warnings.addAll(warningsOf(() -> context.execute("weak")))).size());

    List<String> wanted =
        mode.equals("none")
            ? List.of()
            : List.of(
                "job weak: source counts saves no position (saveCheckpoint): if its worker fails it"
                    + " begins again, and records come more than once");
    assertEquals(wanted, warnings);
  }
}
