package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Uids;
import org.junit.jupiter.api.Test;

/** Which operators need a uid so that a changed job finds their state. */
class UidsTest {
  private final StreamingContext context = StreamingContext.buildContext();
  private final DataStream<Long> numbers =
      DataStreamSource.fromCollection(context, List.of(1L)).withName("numbers");

  /** A function that saves something. */
  static final class Remembering implements MapFunction<Long, Long> {
    private static final long serialVersionUID = 1;

    @Override
    public Long map(Long value) {
      return value;
    }

    @Override
    public java.io.Serializable saveCheckpoint() {
      return 1L;
    }
  }

  private List<String> unnamed() {
    return Uids.statefulWithoutUid(context.graph()).stream().map(OperatorNode::name).toList();
  }

  @Test
  void stateWithoutUidOrNameOfItsOwnIsNoticed() {
    KeyDataStream<Long, Long> keyed = numbers.keyBy(x -> x);
    ProcessFunction<Long, Long> same = (value, ctx, collector) -> collector.collect(value);
    List<Stream<?>> stateful =
        List.of(
            keyed.reduce((a, b) -> a),
            keyed.process(same),
            keyed.asPythonStream().reduce("m", "f"),
            numbers.map(new Remembering()));
    assertThat(unnamed()).isEqualTo(stateful.stream().map(Stream::getName).toList());

    for (Stream<?> stream : stateful) {
      stream.withUid("uid of " + stream.getName());
    }
    assertThat(unnamed()).isEmpty();
  }

  @Test
  void nameOfItsOwnIsEnough() {
    numbers.keyBy(x -> x).reduce((a, b) -> a).withName("latest");

    assertThat(unnamed()).isEmpty();
  }

  @Test
  void operatorsWithoutStateNeedNone() {
    ProcessFunction<Long, Long> same = (value, ctx, collector) -> collector.collect(value);
    numbers.map(x -> x).process(same).union(numbers).sink(x -> {});

    assertThat(unnamed()).isEmpty();
  }

  @Test
  void warningNamesThreeAndSaysWhatToWrite() {
    KeyDataStream<Long, Long> keyed = numbers.keyBy(x -> x);
    for (int i = 0; i < 5; i++) {
      keyed.reduce((a, b) -> a);
    }

    assertThat(Uids.warning(Uids.statefulWithoutUid(context.graph())))
        .startsWith("stateful operators without a uid: reduce-3 (")
        .contains(" and 2 more;")
        .endsWith("write withUid(\"…\"), or withName(\"…\")");
  }

  @Test
  void emptyUidIsRefused() {
    assertThatThrownBy(() -> numbers.withUid(""))
        .isInstanceOf(JobGraphException.class)
        .hasMessage("numbers: the uid of an operator must not be empty");
  }
}
