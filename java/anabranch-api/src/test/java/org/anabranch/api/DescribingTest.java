package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.anabranch.api.client.JobClient;
import org.anabranch.api.client.JobDescription;
import org.anabranch.api.graph.JobGraph;
import org.anabranch.api.graph.OperatorNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a context knows of a job until it is submitted, and after. */
class DescribingTest {
  private final List<List<String>> submitted = new ArrayList<>();
  private final StreamingContext context =
      StreamingContext.buildContext()
          .withClient(
              answering(
                  JobClient.class, arguments -> submit(((JobDescription) arguments[0]).graph())));

  /** Takes every job but one without a sink; it has ended at once. */
  private Job submit(JobGraph graph) {
    List<String> operators = graph.operators().stream().map(OperatorNode::name).toList();
    if (operators.stream().noneMatch(operator -> operator.startsWith("sink"))) {
      throw new JobGraphException("nothing consumes it");
    }
    submitted.add(operators);
    return answering(Job.class, arguments -> null);
  }

  private static <T> T answering(Class<T> type, Function<Object[], Object> answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answer.apply(arguments)));
  }

  private DataStreamSource<Long> source() {
    return DataStreamSource.fromCollection(context, List.of(1L));
  }

  @Test
  void aJobThatWasRefusedIsNotPartOfTheNextOne() {
    DataStreamSource<Long> incomplete = source();
    assertThatThrownBy(() -> context.submit("incomplete")).hasMessageContaining("nothing consumes");

    assertThatThrownBy(() -> incomplete.map(x -> x))
        .hasMessageContaining("belongs to job 'incomplete', which could not be submitted");
    source().sink(x -> {});
    context.submit("complete");
    assertThat(submitted).containsExactly(List.of("source-1", "sink-2"));
  }

  @Test
  void aSecondExecuteSaysWhatBecameOfTheFirst() {
    source().sink(x -> {});
    context.execute("first");

    assertThatThrownBy(() -> context.execute("second"))
        .isInstanceOf(JobGraphException.class)
        .hasMessageContaining("'second' has no operators")
        .hasMessageContaining("submitted already, 'first'");
  }

  @Test
  void whatWasDiscardedIsNotRun() {
    DataStreamSource<Long> stream = source();
    stream.sink(x -> {});
    context.discard();

    assertThatThrownBy(() -> stream.sink(x -> {}))
        .hasMessageContaining("belongs to what was discarded");
    assertThatThrownBy(() -> context.submit("nothing"))
        .hasMessageContaining("belongs to what was discarded");
    assertThat(submitted).isEmpty();
  }

  @Test
  void aBlockRunsWhatIsDescribedInItAndNothingElse() {
    DataStreamSource<Long> outside = source();
    context.execute(
        "inside",
        () -> {
          source().map(x -> x).sink(x -> {});
          assertThatThrownBy(() -> outside.sink(x -> {})).hasMessageContaining("another block");
        });

    outside.sink(x -> {});
    context.execute("outside");
    assertThat(submitted)
        .containsExactly(List.of("source-1", "map-2", "sink-3"), List.of("source-1", "sink-2"));
  }

  @Test
  void aBlockThatAnExceptionLeavesHasDescribedNothing() {
    Runnable describes =
        () -> {
          source().sink(x -> {});
          throw new IllegalStateException("in between");
        };

    assertThatThrownBy(() -> context.execute("never", describes)).hasMessage("in between");
    assertThat(context.graph().operators()).isEmpty();
    assertThat(submitted).isEmpty();
  }

  static List<Map.Entry<String, Consumer<DataStream<Long>>>> unread() {
    return List.of(
        Map.entry("forward", stream -> stream.forward()),
        Map.entry("rebalance", stream -> stream.rebalance()),
        Map.entry("broadcast", stream -> stream.broadcast()),
        Map.entry("partitionBy", stream -> stream.partitionBy((x, n) -> new int[] {0})),
        Map.entry("broadcast", stream -> stream.broadcast().asPythonStream()),
        Map.entry(
            "partitionBy",
            stream ->
                stream.asPythonStream().map("m", "f").partitionBy(PythonFunction.of("m", "p"))),
        Map.entry("rebalance", stream -> stream.broadcast().rebalance()));
  }

  @ParameterizedTest
  @MethodSource("unread")
  void aViewThatNothingReadsIsReported(Map.Entry<String, Consumer<DataStream<Long>>> look) {
    DataStreamSource<Long> stream = source();
    look.getValue().accept(stream);
    stream.sink(x -> {});

    assertThatThrownBy(() -> context.submit("views"))
        .isInstanceOf(JobGraphException.class)
        .hasMessageStartingWith(look.getKey() + "() of operator '")
        .hasMessageContaining("has no effect at ")
        .hasMessageContaining("stream = stream." + look.getKey());
  }

  @Test
  void viewsThatAreReadHaveAnEffect() {
    DataStreamSource<Long> stream = source();
    stream.broadcast().asPythonStream().asJavaStream().sink(x -> {});
    stream.union(stream.broadcast().rebalance()).sink(x -> {});

    assertThatCode(() -> context.submit("views")).doesNotThrowAnyException();
  }

  @Test
  void whatIsNoJarIsRefusedWhereItIsAdded(@TempDir Path directory) throws IOException {
    Path notes = Files.writeString(directory.resolve("notes.jar"), "not a jar");
    StreamingContext context = StreamingContext.buildContext();

    assertThatThrownBy(() -> context.addJar(notes.toString()))
        .isInstanceOf(JobGraphException.class)
        .hasMessageContaining("notes.jar' cannot be read");
  }
}
