package com.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.anabranch.api.CollectedStream;
import org.anabranch.api.DataStream;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.JoinType;
import org.anabranch.api.KeyDataStream;
import org.anabranch.api.StreamingContext;
import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each job has a twin in tests/parity/twins.py; both print the same. Each verb exists in Java. */
@Timeout(120)
class TwinsTest {
  private static final Path PARITY = Path.of("../../../tests/parity").toAbsolutePath().normalize();

  /** 0 to 9, shared out. */
  public static class Count implements SourceFunction<Long> {
    private static final long serialVersionUID = 1L;
    private long next;
    private int step;

    @Override
    public void init(int parallelism, int index) {
      next = index;
      step = parallelism;
    }

    @Override
    public void fetch(SourceContext<Long> context) throws EndOfDataException {
      if (next >= 10) {
        throw new EndOfDataException();
      }
      context.collect(next);
      next += step;
    }
  }

  /** A running mean. */
  public static class Mean implements AggregateFunction<Integer, double[], Double> {
    private static final long serialVersionUID = 1L;

    @Override
    public double[] createAccumulator() {
      return new double[2];
    }

    @Override
    public double[] add(Integer value, double[] a) {
      return new double[] {a[0] + value, a[1] + 1};
    }

    @Override
    public Double getResult(double[] a) {
      return a[0] / a[1];
    }

    @Override
    public double[] merge(double[] a, double[] b) {
      return new double[] {a[0] + b[0], a[1] + b[1]};
    }
  }

  /** Says which stream a record came from. */
  public static class Tag implements CoProcessFunction<String, String, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public void process1(String value, Collector<String> collector) {
      collector.collect("first " + value);
    }

    @Override
    public void process2(String value, Collector<String> collector) {
      collector.collect("second " + value);
    }
  }

  private static final Map<String, Consumer<StreamingContext>> TWINS =
      Map.of(
          "map", TwinsTest::map,
          "collect", TwinsTest::collect,
          "source", TwinsTest::source,
          "text", TwinsTest::text,
          "union", TwinsTest::union,
          "keyed", TwinsTest::keyed,
          "errors", TwinsTest::errors,
          "two_inputs", TwinsTest::twoInputs,
          "spread", TwinsTest::spread);

  private static void map(StreamingContext context) {
    DataStream<Integer> stream =
        DataStreamSource.fromCollection(context, List.of(1, 2, 3, 4))
            .withName("numbers")
            .withUid("numbers-1")
            .withConfig("k", "v");
    assertEquals("numbers", stream.getName());
    assertEquals(Map.of("k", "v"), stream.getConfig());
    assertEquals(1, stream.getId());
    stream
        .map(x -> x * 10)
        .<Integer>flatMap(
            (x, collector) -> {
              collector.collect(x);
              collector.collect(x + 1);
            })
        .filter(x -> x != 20)
        .sink(x -> System.out.println(x));
  }

  private static void collect(StreamingContext context) {
    CollectedStream<Integer> collected =
        DataStreamSource.fromCollection(context, List.of(1, 2, 3)).map(x -> x + 1).collect();
    context.submit("first");
    List<Integer> numbers;
    try {
      numbers = collected.get();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    List<Integer> doubled =
        DataStreamSource.fromCollection(context, numbers)
            .map(x -> 2 * x)
            .executeAndCollect("second");
    DataStreamSource.fromCollection(context, doubled).sink(x -> System.out.println(x));
  }

  private static void source(StreamingContext context) {
    DataStreamSource.fromSource(context, new Count()).sink(x -> System.out.println(x));
  }

  private static void text(StreamingContext context) {
    DataStreamSource.readTextFile(context, PARITY.resolve("lines.txt").toString())
        .sink(x -> System.out.println(x));
  }

  private static void union(StreamingContext context) {
    DataStream<Integer> numbers = DataStreamSource.fromCollection(context, List.of(1, 2, 3));
    numbers
        .filter(x -> x > 1)
        .union(numbers.map(x -> -x), numbers)
        .sink(x -> System.out.println(x));
  }

  private static void keyed(StreamingContext context) {
    KeyDataStream<Integer, Integer> numbers =
        DataStreamSource.fromCollection(context, List.of(1, 2, 3, 4, 5))
            .setParallelism(1)
            .keyBy(x -> x % 2);
    numbers.reduce(Integer::sum).setParallelism(2).sink(x -> System.out.println("sum " + x));
    numbers
        .aggregate(new Mean())
        .setParallelism(2)
        .sink(x -> System.out.println("mean " + x));
    numbers
        .<String>process(
            (value, ctx, collector) -> {
              long count = ctx.getState() == null ? 1 : (Long) ctx.getState() + 1;
              ctx.setState(count);
              collector.collect(ctx.getKey() + " " + count);
            })
        .setParallelism(2)
        .sink(x -> System.out.println("nth " + x));
  }

  private static void errors(StreamingContext context) {
    DataStream<Integer> numbers =
        DataStreamSource.fromCollection(context, List.of(1, 2, 3, 4)).setParallelism(1);
    numbers.map(x -> 12 / (x - 2)).withOnError("skip").sink(x -> System.out.println("skips " + x));
    DataStream<Integer> inverse = numbers.map(x -> 12 / (x - 3)).withName("divides");
    inverse.sink(x -> System.out.println(x));
    inverse
        .deadLetters()
        .map(d -> d.get("operator") + " " + d.get("subtask") + " " + d.get("record"))
        .sink(x -> System.out.println(x));
  }

  private static void twoInputs(StreamingContext context) {
    DataStream<String> left = DataStreamSource.fromCollection(context, List.of("a1", "b2"));
    DataStream<String> right = DataStreamSource.fromCollection(context, List.of("a3", "c4"));
    left.connect(right).process(new Tag()).sink(x -> System.out.println(x));
    left.join(right)
        .within(Duration.ofHours(1))
        .as(JoinType.FULL)
        .where(x -> x.charAt(0) + "")
        .equalTo(x -> x.charAt(0) + "")
        .with((a, b) -> a + " " + b)
        .sink(x -> System.out.println(x));
  }

  private static void spread(StreamingContext context) {
    DataStream<Integer> one =
        DataStreamSource.fromCollection(context, List.of(1, 2, 3, 4))
            .setParallelism(1)
            .disableChain();
    assertEquals(1, one.getParallelism());
    one.broadcast().map(x -> "broadcast " + x).setParallelism(2).sink(x -> System.out.println(x));
    one.rebalance()
        .map(x -> "rebalance " + x)
        .setParallelism(2)
        .forward()
        .sink(x -> System.out.println(x));
    one.partitionBy((x, n) -> new int[] {x % n})
        .map(x -> "partition " + x)
        .setParallelism(2)
        .sink(x -> System.out.println(x));
  }

  static Stream<String> twins() {
    return TWINS.keySet().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("twins")
  void aJobAndItsTwinInPythonPrintTheSame(String name) throws Exception {
    StreamingContext context = StreamingContext.buildContext().setParallelism(2);
    TWINS.get(name).accept(context);

    assertEquals(printedByPython(name), printedBy(context, name));
  }

  static Stream<String[]> verbs() throws IOException {
    return Files.readAllLines(PARITY.resolve("verbs.tsv")).stream()
        .filter(line -> !line.startsWith("#"))
        .skip(1)
        .map(line -> line.split("\t"));
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void everyVerbExistsInJavaAndHasATwinUnlessItIsOfTheBorder(String python, String java, String twin)
      throws Exception {
    int dot = java.indexOf('.');
    Class<?> type = Class.forName("org.anabranch.api." + java.substring(0, dot));

    assertTrue(
        Arrays.stream(type.getMethods()).anyMatch(m -> m.getName().equals(java.substring(dot + 1))),
        java + ", the twin of " + python);
    assertTrue(TWINS.containsKey(twin) || twin.equals("boundary"), twin);
  }

  private static List<String> printedBy(StreamingContext context, String name) {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      context.execute(name);
    } finally {
      System.setOut(before);
    }
    return printed.toString(StandardCharsets.UTF_8).lines().sorted().toList();
  }

  private static List<String> printedByPython(String name) throws Exception {
    String python = System.getenv().getOrDefault("ANABRANCH_PYTHON", "python3");
    Process process =
        new ProcessBuilder(python, PARITY.resolve("twins.py").toString(), name)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
    return printed.lines().sorted().toList();
  }
}
