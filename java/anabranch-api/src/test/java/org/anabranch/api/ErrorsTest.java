package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.api.graph.EdgeNode;
import org.anabranch.api.graph.SourcePosition;
import org.anabranch.api.source.CollectionSource;
import org.anabranch.api.source.TextFileSource;
import org.junit.jupiter.api.Test;

/** What streams say about records that fail, and about sinks and sources after a failure. */
class ErrorsTest {
  private static final String ON_ERROR = "anabranch.on-error";

  private final StreamingContext context = StreamingContext.buildContext();
  private final DataStreamSource<Long> source =
      DataStreamSource.fromCollection(context, List.of(1L));

  private EdgeNode lastEdge() {
    List<EdgeNode> edges = context.graph().edges();
    return edges.get(edges.size() - 1);
  }

  @Test
  void theActionIsConfigurationOfTheOperator() {
    DataStream<Long> mapped = source.map(x -> x);

    assertThat(mapped.withOnError("skip").getConfig()).containsEntry(ON_ERROR, "skip");
    assertThat(mapped.withOnError("fail").getConfig()).containsEntry(ON_ERROR, "fail");
    assertThat(source.getConfig()).isEmpty();
  }

  @Test
  void anActionThatThereIsNotIsRefused() {
    DataStream<Long> mapped = source.map(x -> x).withName("picky");

    assertThatThrownBy(() -> mapped.withOnError("retry"))
        .isInstanceOf(JobGraphException.class)
        .hasMessageContaining("picky")
        .hasMessageContaining("fail or skip")
        .hasMessageContaining("retry");
  }

  @Test
  void sourcesAndUnionsHaveNoRecordsToFailAt() {
    for (DataStream<Long> stream : List.of(source, source.union(source.map(x -> x)))) {
      assertThatThrownBy(() -> stream.withOnError("skip")).isInstanceOf(JobGraphException.class);
      assertThatThrownBy(stream::deadLetters)
          .isInstanceOf(JobGraphException.class)
          .hasMessageContaining(stream.getName());
    }
  }

  @Test
  void anOperatorInPythonMaySkipToo() {
    PythonDataStream python = source.asPythonStream().map("m", "f");

    assertThat(python.withOnError("skip").getConfig()).containsEntry(ON_ERROR, "skip");
  }

  @Test
  void edgesFromDeadLettersCarryThemInEveryView() {
    DataStream<Long> mapped = source.map(x -> x);
    mapped.sink(x -> {});
    assertThat(lastEdge().deadLetters()).isFalse();

    mapped.deadLetters().sink(x -> {});
    assertThat(lastEdge().deadLetters()).isTrue();
    assertThat(lastEdge().source()).isEqualTo(mapped.getId());
    assertThat(mapped.getConfig()).containsEntry(ON_ERROR, "skip");
    mapped.deadLetters().rebalance().sink(x -> {});
    assertThat(lastEdge().deadLetters()).isTrue();
    mapped.deadLetters().asPythonStream().broadcast().asJavaStream().sink(x -> {});
    assertThat(lastEdge().deadLetters()).isTrue();
    mapped.deadLetters().map(letter -> letter.get("record")).sink(x -> {});
    assertThat(lastEdge().deadLetters()).isFalse(); // of the map, which has its own
    mapped.map(x -> x).union(mapped.deadLetters().map(letter -> 1L)).sink(x -> {});
    assertThat(lastEdge().deadLetters()).isFalse();
  }

  @Test
  void deadLettersOfAKeyedStreamAreNotSpreadByTheKey() {
    source.keyBy(x -> x).deadLetters().sink(x -> {});

    assertThat(lastEdge().partitioning().kind().name()).isEqualTo("AUTO");
  }

  @Test
  void sinksAndPythonOperatorsHaveDeadLettersToo() {
    source.sink(x -> {}).deadLetters().sink(x -> {});
    assertThat(lastEdge().deadLetters()).isTrue();
    source.asPythonStream().sink("m", "f").deadLetters().sink("m", "g");
    assertThat(lastEdge().deadLetters()).isTrue();
    PythonDataStream python = source.asPythonStream().map("m", "f");
    python.deadLetters().map("m", "g");
    assertThat(lastEdge().deadLetters()).isTrue();
    assertThat(python.getConfig()).containsEntry(ON_ERROR, "skip");
  }

  @Test
  void anIdempotentSinkGetsATaskOfItsOwn() {
    IdempotentSinkFunction<Long> upsert = (id, value) -> {};

    assertThat(source.sink(upsert).operator().chainable()).isFalse();
    assertThat(source.sink(x -> {}).operator().chainable()).isTrue();
    assertThatThrownBy(() -> upsert.sink(1L)).isInstanceOf(UnsupportedOperationException.class);
  }

  /** Begins again. */
  static class Weak implements SourceFunction<Long> {
    private static final long serialVersionUID = 1L;

    @Override
    public void init(int parallelism, int index) {}

    @Override
    public void fetch(SourceContext<Long> context) {}
  }

  /** Goes on where it was. */
  static class Strong extends Weak {
    private static final long serialVersionUID = 1L;

    @Override
    public Object saveCheckpoint() {
      return 1L;
    }
  }

  /** Inherits what it saves. */
  static class Stronger extends Strong {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void aSourceSavesItsPositionIfItOrAClassAboveItSaysSo() {
    assertThat(SourcePosition.isSavedBy(new Weak())).isFalse();
    assertThat(SourcePosition.isSavedBy(new Strong())).isTrue();
    assertThat(SourcePosition.isSavedBy(new Stronger())).isTrue();
    assertThat(SourcePosition.isSavedBy(new CollectionSource<>(new ArrayList<Long>()))).isTrue();
    assertThat(SourcePosition.isSavedBy(new TextFileSource("x"))).isTrue();
  }
}
