package org.anabranch.runtime.task;

import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_FLAT_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_JOIN;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_KEY_BY;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_REDUCE;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SINK;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SOURCE;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_BROADCAST;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_FORWARD;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_KEY;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_REBALANCE;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.JoinOptions;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.runtime.job.JobContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tasks that die while the others go on. Two sources, a task in the middle whose records are of
 * chance and time, and two sinks that have to get the very same.
 */
@Timeout(120)
class RecoveryTest {
  private static final int END = 20_000;

  private static final String PACED =
      """
      public class Paced extends RichSourceFunction<Long> {
        long next, step, end;
        public void init(int parallelism, int index) { next = index; step = parallelism; }
        public void open(RuntimeContext c) throws Exception {
          super.open(c);
          end = Long.parseLong(c.getConfig().get("end"));
        }
        public void fetch(SourceContext<Long> context) throws Exception {
          Thread.sleep(1);
          for (int i = 0; i < 10; i++) {
            if (next >= end) throw new EndOfDataException();
            context.collect(next);
            next += step;
          }
        }
        public Object saveCheckpoint() { return next; }
        public void loadCheckpoint(Object state) { next = (Long) state; }
      }
      """;

  private static final String CHANCE =
      """
      public class Chance extends RichMapFunction<Long, String> {
        long count;
        public String map(Long n) throws Exception {
          RuntimeContext context = getRuntimeContext();
          String id = n % 10 == 0
              ? context.nondeterministic(() -> UUID.randomUUID().toString()) : "";
          return n + " " + count++ + " " + context.random().nextInt() + " " + context.now() + id;
        }
        public void open(RuntimeContext context) throws Exception {
          super.open(context);
          ask();
        }
        public Object saveCheckpoint() throws Exception { ask(); return count; }
        public void loadCheckpoint(Object state) throws Exception {
          ask();
          count = (Long) state;
        }
        public void close() throws Exception { ask(); }
        private void ask() throws Exception {
          RuntimeContext context = getRuntimeContext();
          context.nondeterministic(context::now);
          context.random().nextInt();
        }
      }
      """;

  /** Chance that remembers much. */
  private static final String HEAVY =
      """
      public class Heavy extends RichMapFunction<Long, String> {
        static final String LOAD = "x".repeat(100_000);
        long count;
        public String map(Long n) { return n + " " + count++; }
        public Object saveCheckpoint() { return List.of(count, LOAD); }
        public void loadCheckpoint(Object saved) {
          List<?> parts = (List<?>) saved;
          if (!parts.get(1).equals(LOAD)) throw new IllegalStateException("another load");
          count = (Long) parts.get(0);
        }
      }
      """;

  private static final String KEYS =
      """
      public class Keys {
        public static Long self(Long n) { return n; }
        public static Long of(Long n) { return n % 7; }
        public static Long twice(Long n) { return 2 * n; }
        public static Long half(Long n) { return n / 2; }
        public static Long join(Long a, Long b) { return a; }
        public static Long add(Long a, Long b) { return a + b; }
      }
      """;

  private static final String COMMITTED =
      """
      public class Committed extends RichSinkFunction<Object>
          implements TransactionalSinkFunction<Object> {
        Map<String, Object> committed;
        List<Object> open;
        @SuppressWarnings("unchecked")
        public void open(RuntimeContext context) throws Exception {
          super.open(context);
          committed =
              (Map<String, Object>) System.getProperties().get(context.getConfig().get("committed"));
        }
        public void beginTransaction() { open = new ArrayList<>(); }
        public void sink(Object value) { open.add(value); }
        public Object preCommit(long checkpoint) {
          String name = "%d/%020d".formatted(getRuntimeContext().getTaskIndex(), checkpoint);
          return List.of(name, open);
        }
        public void commit(Object handle) {
          List<?> parts = (List<?>) handle;
          Object before = committed.putIfAbsent((String) parts.get(0), parts.get(1));
          if (before != null && !before.equals(parts.get(1))) {
            throw new IllegalStateException("committed twice and differently");
          }
        }
      }
      """;

  /** Emits each number with the one before it; the last one alone, when it is closed. */
  private static final String PAIRS =
      """
      public class Pairs extends RichFlatMapFunction<Long, Object> {
        Long before;
        Collector<Object> kept;
        public void flatMap(Long n, Collector<Object> out) {
          if (before != null) out.collect(before + " " + n);
          before = n;
          kept = out;
        }
        public Object saveCheckpoint() { return before; }
        public void loadCheckpoint(Object saved) { before = (Long) saved; }
        public void close() { if (kept != null) kept.collect(before + " alone"); }
      }
      """;

  private static final String UNDECLARED =
      """
      public class Undeclared implements FlatMapFunction<Long, Long> {
        static boolean second;
        final boolean fewer = second;
        public Undeclared() { second = true; }
        public void flatMap(Long n, Collector<Long> out) {
          if (!fewer || n % 2 == 0) out.collect(n);
        }
      }
      """;

  private static final String SERVICE =
      """
      public class Service extends RichMapFunction<Long, String> {
        public String map(Long n) throws Exception {
          String answer = getRuntimeContext().nondeterministic(() -> {
            if (Math.random() < 0.3) throw new java.io.IOException("busy");
            return UUID.randomUUID().toString();
          });
          return n + " " + answer;
        }
      }
      """;

  private static final String UPSERT =
      """
      public class Upsert extends RichSinkFunction<Object>
          implements IdempotentSinkFunction<Object> {
        Map<String, Object> written;
        @SuppressWarnings("unchecked")
        public void open(RuntimeContext context) throws Exception {
          super.open(context);
          written =
              (Map<String, Object>) System.getProperties().get(context.getConfig().get("committed"));
        }
        public void sink(String id, Object value) {
          // The sinks of the test want lists.
          Object before = written.put(id, List.of(value));
          if (before != null && !before.equals(List.of(value))) {
            throw new IllegalStateException("another record under the same id");
          }
        }
      }
      """;

  @TempDir Path directory;
  private final String name = "committed-" + UUID.randomUUID();
  private final Map<String, List<Object>> committed = new ConcurrentSkipListMap<>();

  RecoveryTest() {
    System.getProperties().put(name, committed);
  }

  @AfterEach
  void forget() {
    System.getProperties().remove(name);
  }

  private TestJob job(String... more) {
    String[] sources = new String[more.length + 2];
    sources[0] = PACED;
    sources[1] = COMMITTED;
    System.arraycopy(more, 0, sources, 2, more.length);
    return new TestJob(directory, sources)
        .option("anabranch.mode", "exactly_once")
        .option("anabranch.inflight.spill-dir", directory)
        .option("anabranch.recovery.sharing-depth", 2);
  }

  private RecoveringJob start(TestJob job) {
    return start(job, "com.acme.Chance");
  }

  /** Tasks 1 and 2 are the sources, 3 is in the middle, 4 and 5 are the sinks. */
  private RecoveringJob start(TestJob job, String function) {
    var sources =
        job.tasks(
            2, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "" + END));
    var middle = job.tasks(1, job.operator(OPERATOR_KIND_MAP, function));
    var sinks =
        job.tasks(
            2, job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
    job.edge(sources, middle, KIND_FORWARD, false);
    job.edge(middle, sinks, KIND_BROADCAST, false);
    return new RecoveringJob(job);
  }

  private List<Object> of(int sink) {
    return committed.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(sink + "/"))
        .flatMap(entry -> entry.getValue().stream())
        .toList();
  }

  private void assertWhole() {
    List<Object> first = of(0);
    assertThat(of(1)).isEqualTo(first);
    List<Long> numbers = first.stream().map(line -> Long.valueOf(field(line, 0))).toList();
    assertThat(numbers).hasSize(END).doesNotHaveDuplicates();
    for (int source = 0; source < 2; source++) {
      int remainder = source;
      assertThat(numbers.stream().filter(n -> n % 2 == remainder))
          .containsExactlyElementsOf(
              LongStream.range(0, END).filter(n -> n % 2 == remainder).boxed().toList());
    }
    assertThat(first.stream().map(line -> Long.valueOf(field(line, 1))))
        .containsExactlyElementsOf(LongStream.range(0, END).boxed().toList());
  }

  private static String field(Object line, int index) {
    return ((String) line).split(" ")[index];
  }

  private static void pause(long millis) throws InterruptedException {
    Thread.sleep(millis);
  }

  @Test
  void checkpointsCommitWhatIsBeforeThemAndTheEndTheRest() {
    try (TestJob job = job(CHANCE);
        RecoveringJob running = start(job)) {
      running.checkpoint();
      running.checkpoint();
      running.awaitEnd();

      assertThat(committed.keySet()).contains("0/%020d".formatted(1), "1/%020d".formatted(2));
      assertWhole();
    }
  }

  /** Does not come back. */
  private static final String STUCK =
      """
      public class Stuck extends RichSourceFunction<Long> {
        public void init(int parallelism, int index) {}
        public void fetch(SourceContext<Long> context) throws Exception {
          Thread.sleep(1_000_000);
        }
        public Object saveCheckpoint() { return 0L; }
        public void loadCheckpoint(Object saved) {}
      }
      """;

  private static boolean isStuck(Task task) {
    return task.thread().getState() == Thread.State.TIMED_WAITING;
  }

  /** A master that is of no interest. */
  private static final class Deaf implements TaskListener {
    @Override
    public void deployed(Task task, Endpoint endpoint) {}

    @Override
    public void checkpoint(Task task, TaskCheckpoint checkpoint) {}

    @Override
    public void committed(Task task, long checkpoint) {}

    @Override
    public void collected(CollectedBatch batch) {}

    @Override
    public void entered(Task task, Lifecycle state, TaskError error) {}
  }

  @Test
  void whatACompleteCheckpointCoversIsCommittedThoughTheTaskIsCancelledThen() throws Exception {
    try (TestJob job = job(STUCK)) {
      job.tasks(
          1,
          job.operator(OPERATOR_KIND_SOURCE, "com.acme.Stuck"),
          job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
      JobContext context = JobContext.of(job.setup(), TestJob.TOKEN);
      Task task = new Task(job.descriptors().get(0), context, new Deaf());
      task.trigger(1);
      task.start();
      while (task.state() == Lifecycle.CREATED || !isStuck(task)) {
        pause(1);
      }

      task.completed(1);
      task.cancel();

      assertThat(task.awaitEnd(40_000)).isTrue();
      assertThat(committed.keySet()).containsExactly("0/%020d".formatted(1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "1 2"})
  void whatIsCollectedInCloseIsPartOfTheLastTransaction(String victims)
      throws InterruptedException {
    try (TestJob job = job(PAIRS)) {
      var source =
          job.tasks(1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "9"));
      var rest =
          job.tasks(
              1,
              job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Pairs"),
              job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
      job.edge(source, rest, KIND_FORWARD, false);
      try (RecoveringJob running = new RecoveringJob(job)) {
        running.checkpoint();
        if (!victims.isEmpty()) {
          running.kill(Stream.of(victims.split(" ")).mapToInt(Integer::parseInt).toArray());
        }
        running.awaitEnd();
      }
    }

    assertThat(of(0))
        .containsExactly("0 1", "1 2", "2 3", "3 4", "4 5", "5 6", "6 7", "7 8", "8 alone");
  }

  @ParameterizedTest
  @ValueSource(strings = {"3", "4", "1", "1 2", "3 4", "1 3", "4 5", "3 4 5", "1 2 3 4 5"})
  void whateverDiesTheSinksGetTheSame(String victims) throws InterruptedException {
    int[] ids = List.of(victims.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
    try (TestJob job = job(CHANCE);
        RecoveringJob running = start(job)) {
      pause(100);
      running.kill(ids); // there is no checkpoint yet
      pause(200);
      running.checkpoint();
      pause(100);
      running.kill(ids);
      running.checkpoint();
      running.kill(ids);
      running.kill(ids); // in the middle of a recovery
      running.awaitEnd();

      assertWhole();
    }
  }

  @RepeatedTest(5)
  void tasksDieAtRandomWithCheckpointsBetween(RepetitionInfo repetition)
      throws InterruptedException {
    Random random = new Random(repetition.getCurrentRepetition());
    try (TestJob job = job(CHANCE);
        RecoveringJob running = start(job)) {
      for (int i = 0; i < 8 && !running.isEnded(); i++) {
        pause(random.nextInt(150));
        running.kill(random.ints(1, 6).distinct().limit(1 + random.nextInt(2)).toArray());
        if (random.nextBoolean()) {
          running.checkpoint();
        }
      }
      running.awaitEnd();

      assertWhole();
    }
  }

  /** A diamond of a source, a join of two ways, state by key, and two subtasks of each. */
  @ParameterizedTest
  @ValueSource(strings = {"", "1", "3", "5", "6", "7", "1 3", "5 7", "1 3 5 7"})
  void stateByKeyComesBack(String victims) throws InterruptedException {
    int[] ids =
        victims.isEmpty()
            ? new int[0]
            : Stream.of(victims.split(" ")).mapToInt(Integer::parseInt).toArray();
    try (TestJob job = job(KEYS).option("anabranch.recovery.sharing-depth", 0)) {
      var sources =
          job.tasks(
              2,
              job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "6000"),
              job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Keys::self"));
      var twice =
          job.tasks(
              2,
              job.operator(OPERATOR_KIND_MAP, "com.acme.Keys::twice"),
              job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Keys::half"));
      var join =
          job.tasks(
              2,
              job.operator(OPERATOR_KIND_JOIN, "com.acme.Keys::join")
                  .setJoin(JoinOptions.newBuilder().setRetentionMs(60_000)),
              job.operator(OPERATOR_KIND_KEY_BY, "com.acme.Keys::of"));
      var sums =
          job.tasks(
              1,
              job.operator(OPERATOR_KIND_REDUCE, "com.acme.Keys::add"),
              job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
      job.edge(sources, twice, KIND_REBALANCE, false);
      job.edge(sources, join, KIND_KEY, true);
      job.edge(twice, join, KIND_KEY, true);
      join.forEach(task -> task.getInputsBuilder(1).setInput(1));
      job.edge(join, sums, KIND_KEY, true);
      try (RecoveringJob running = new RecoveringJob(job)) {
        pause(100);
        running.kill(ids);
        pause(50);
        running.checkpoint();
        pause(30);
        running.kill(ids);
        running.awaitEnd();
      }
    }

    // Each number is joined with itself, and the last sum of a key is that of all its numbers.
    Map<Long, Long> sums = new HashMap<>();
    LongStream.range(0, 6_000).forEach(n -> sums.merge(n % 7, n, Long::sum));
    assertThat(of(0)).hasSize(6_000).containsAll(sums.values());
    assertThat(of(0).stream().mapToLong(sum -> (Long) sum).max())
        .hasValue(sums.values().stream().mapToLong(sum -> sum).max().orElseThrow());
  }

  @Test
  void largeStateComesBackFromItsFile() throws Exception {
    Path checkpoints = Files.createDirectories(directory.resolve("checkpoints/job")).getParent();
    try (TestJob job = job(HEAVY).option("anabranch.checkpoint.dir", checkpoints);
        RecoveringJob running = start(job, "com.acme.Heavy")) {
      running.checkpoint();
      running.kill(3);
      running.checkpoint();
      running.kill(3, 4);
      running.awaitEnd();

      assertWhole();
    }
    assertThat(checkpoints.resolve("job/chk-1/task-3-1.state")).isRegularFile();
    assertThat(checkpoints.resolve("job/chk-2/task-3-2.state")).isRegularFile();
    assertThat(checkpoints.resolve("job/chk-2/task-4-1.state")).doesNotExist();
  }

  @Test
  void aStateFileThatIsGoneIsNamed() throws Exception {
    Path checkpoints = Files.createDirectories(directory.resolve("checkpoints/job")).getParent();
    Path file = checkpoints.resolve("job/chk-1/task-3-1.state");
    try (TestJob job = job(HEAVY).option("anabranch.checkpoint.dir", checkpoints);
        RecoveringJob running = start(job, "com.acme.Heavy")) {
      running.checkpoint();
      Files.delete(file);
      running.kill(3);

      assertThat(running.awaitError().getSummary())
          .startsWith("CheckpointError: the state in chk-1/task-3-1.state cannot be read from")
          .contains("it is missing");
    }
  }

  @Test
  void aTaskThatHasFinishedIsThereForAConsumerThatDies() {
    try (TestJob job = job(CHANCE);
        RecoveringJob running = start(job)) {
      running.checkpoint();
      running.await("finished source", () -> running.state(1) == Lifecycle.FINISHED);
      running.kill(3);
      running.awaitEnd();

      assertWhole();
    }
  }

  @Test
  void framesInFilesAreServedLikeOthers() throws InterruptedException {
    try (TestJob job = job(CHANCE).option("anabranch.inflight.memory-bytes", 1000);
        RecoveringJob running = start(job)) {
      pause(300);
      running.kill(3, 5);
      running.awaitEnd();

      assertWhole();
    }
  }

  @Test
  void aChoiceThatWasNotDeclaredIsReported() throws InterruptedException {
    try (TestJob job = job(UNDECLARED)) {
      var source =
          job.tasks(
              1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "100000"));
      var middle = job.tasks(1, job.operator(OPERATOR_KIND_FLAT_MAP, "com.acme.Undeclared"));
      var sink =
          job.tasks(
              1,
              job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
      job.edge(source, middle, KIND_FORWARD, false);
      job.edge(middle, sink, KIND_FORWARD, false);
      try (RecoveringJob running = new RecoveringJob(job)) {
        running.await("running sink", () -> running.state(3) == Lifecycle.RUNNING);
        pause(200);
        running.kill(2);

        TaskError error = running.awaitError();

        assertThat(error.getSummary()).startsWith("NondeterminismError: ");
        assertThat(error.getOperator()).contains("Undeclared");
      }
    }
  }

  private TestJob atLeastOnce() {
    return job(CHANCE).option("anabranch.mode", "at_least_once");
  }

  @Test
  void atLeastOnceEachRecordCountsOnceIfNothingFails() {
    try (TestJob job = atLeastOnce();
        RecoveringJob running = start(job)) {
      running.checkpoint();
      running.checkpoint();
      running.awaitEnd();

      assertThat(committed.keySet()).contains("0/%020d".formatted(1), "1/%020d".formatted(2));
      assertWhole();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void atLeastOnceNoRecordIsLostWhenAllGoBackTogether(int checkpoints) throws InterruptedException {
    try (TestJob job = atLeastOnce();
        RecoveringJob running = start(job)) {
      for (int i = 0; i < checkpoints; i++) {
        pause(100);
        running.checkpoint();
      }
      pause(100);
      running.kill(1, 2, 3, 4, 5);
      running.awaitEnd();

      assertNothingIsMissing();
    }
  }

  @Test
  void atLeastOnceTasksThatHaveEndedBeforeTheCheckpointSendNothingAgain()
      throws InterruptedException {
    try (TestJob job = atLeastOnce()) {
      var quick =
          job.tasks(
              1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "100"));
      var slow =
          job.tasks(
              1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "" + END));
      var sink =
          job.tasks(
              1,
              job.operator(OPERATOR_KIND_SINK, "com.acme.Committed").putConfig("committed", name));
      job.edge(quick, sink, KIND_FORWARD, false);
      job.edge(slow, sink, KIND_FORWARD, false);
      try (RecoveringJob running = new RecoveringJob(job)) {
        running.await("finished source", () -> running.state(1) == Lifecycle.FINISHED);
        running.checkpoint();
        pause(50);
        running.kill(1, 2, 3);
        running.awaitEnd();
      }

      List<Object> all = of(0);
      assertThat(all.stream().filter(n -> (Long) n < 100)).hasSize(200);
      assertThat(all).containsAll(LongStream.range(0, END).boxed().toList());
    }
  }

  private void assertNothingIsMissing() {
    for (int sink = 0; sink < 2; sink++) {
      assertThat(of(sink).stream().map(line -> Long.valueOf(field(line, 0))).distinct().sorted())
          .containsExactlyElementsOf(LongStream.range(0, END).boxed().toList());
    }
  }

  @Test
  void inModeNoneNothingIsRecoveredWhateverTheDirectoryOfCheckpoints() {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      job.option("anabranch.checkpoint.dir", "somewhere");
      job.tasks(1, job.numbers(5), job.sink());

      job.run(); // a task of a job that recovers would not end by itself

      assertThat(job.errors()).isEmpty();
      assertThat(job.results()).containsExactly(0L, 1L, 2L, 3L, 4L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"3", "1", "4", "5", "1 3", "3 4"})
  void aRecordIsEitherAResultOrADeadLetterWhateverDies(String victims) throws InterruptedException {
    int[] ids = Stream.of(victims.split(" ")).mapToInt(Integer::parseInt).toArray();
    try (TestJob job = job(SERVICE)) {
      var sources =
          job.tasks(
              2, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "" + END));
      var middle =
          job.tasks(
              1,
              job.operator(OPERATOR_KIND_MAP, "com.acme.Service")
                  .putConfig("anabranch.on-error", "skip"));
      var sinks =
          List.of(
              job.tasks(
                  1,
                  job.operator(OPERATOR_KIND_SINK, "com.acme.Committed")
                      .putConfig("committed", name)),
              job.tasks(
                  1,
                  job.operator(OPERATOR_KIND_SINK, "com.acme.Committed")
                      .putConfig("committed", name)));
      job.edge(sources, middle, KIND_FORWARD, false);
      job.edge(middle, sinks.get(0), KIND_FORWARD, false);
      job.edge(middle, sinks.get(1), KIND_FORWARD, false);
      middle.get(0).getOutputsBuilder(1).setDeadLetters(true);
      sinks.get(1).get(0).setSubtask(1); // the sinks go by it
      try (RecoveringJob running = new RecoveringJob(job)) {
        pause(150);
        running.kill(ids);
        pause(100);
        running.checkpoint();
        pause(100);
        running.kill(ids);
        running.awaitEnd();
      }
    }

    List<Long> numbers = new ArrayList<>();
    of(0).forEach(line -> numbers.add(Long.valueOf(field(line, 0))));
    assertThat(numbers.size()).isLessThan(END);
    for (Object each : of(1)) {
      Map<?, ?> letter = (Map<?, ?>) each;
      assertThat(letter.get("error")).isEqualTo("IOException: busy");
      numbers.add((Long) letter.get("record"));
    }
    assertThat(numbers).hasSize(END).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(strings = {"3", "1", "1 3", "1 2 3"})
  void aRecordThatComesAgainHasTheSameId(String victims) throws InterruptedException {
    int[] ids = Stream.of(victims.split(" ")).mapToInt(Integer::parseInt).toArray();
    try (TestJob job = job(UPSERT)) {
      var sources =
          job.tasks(
              2, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Paced").putConfig("end", "" + END));
      var sink =
          job.tasks(
              1, job.operator(OPERATOR_KIND_SINK, "com.acme.Upsert").putConfig("committed", name));
      job.edge(sources, sink, KIND_FORWARD, false);
      try (RecoveringJob running = new RecoveringJob(job)) {
        pause(100);
        running.kill(ids);
        pause(100);
        running.checkpoint();
        pause(100);
        running.kill(ids);
        pause(50);
        running.kill(3);
        running.awaitEnd();
      }
    }

    Map<String, Object> wanted = new HashMap<>();
    LongStream.range(0, END)
        .forEach(n -> wanted.put("job/%d/%d".formatted(1 + n % 2, n / 2), List.of(n)));
    assertThat(committed).isEqualTo(wanted);
  }
}
