package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.function.TransactionalSinkFunction;
import org.anabranch.proto.v1.JoinOptions;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.records.ValueCopier;
import org.junit.jupiter.api.Test;

/** What an operator has saved makes another one go on where it was. */
class OperatorStateTest {
  private static final ClassLoader LOADER = OperatorStateTest.class.getClassLoader();
  private static final TypeRegistry TYPES = new TypeRegistry(LOADER, List.of());
  private static final int MAX_PARALLELISM = 8;
  private static final long RETENTION = 1000;

  private final List<Object> emitted = new ArrayList<>();
  private final Output next = (key, value) -> emitted.add(value);
  private long clock;

  private static Encoder keyEncoder() {
    return new Encoder(Language.LANGUAGE_PYTHON, TYPES);
  }

  /** Hands the state over as it would travel. */
  private static void handOver(Operator from, Operator to) throws Exception {
    OperatorStateCodec codec =
        new OperatorStateCodec(new FunctionLoader(LOADER, TYPES), MAX_PARALLELISM);
    codec.load(codec.save(from, 1).build(), to);
    to.start();
  }

  private ReduceOperator reduce() {
    ReduceFunction<Object> add =
        (old, value) -> value == null ? null : (old == null ? 0 : (Long) old) + (Long) value;
    return new ReduceOperator(add, keyEncoder(), next);
  }

  @Test
  void reduceKeepsItsValuesNullIncludedUnderKeysOfEveryKind() throws Exception {
    ReduceOperator before = reduce();
    before.process("text", 1L);
    before.process(7, 2L);
    before.process(List.of(1L, "a"), 3L);
    before.process("none", null);
    ReduceOperator after = reduce();
    handOver(before, after);
    emitted.clear();

    after.process("text", 10L);
    after.process(7L, 10L);
    after.process(Arrays.asList(1L, "a"), 10L);
    after.process("none", 10L);
    after.process("new", 10L);

    assertThat(emitted).containsExactly(11L, 12L, 13L, 10L, 10L);
  }

  @Test
  void aggregateKeepsItsAccumulators() throws Exception {
    AggregateFunction<Object, Object, Object> count =
        new AggregateFunction<>() {
          @Override
          public Object createAccumulator() {
            return 0;
          }

          @Override
          public Object add(Object value, Object accumulator) {
            return (Integer) accumulator + 1;
          }

          @Override
          public Object merge(Object one, Object other) {
            return (Integer) one + (Integer) other;
          }

          @Override
          public Object getResult(Object accumulator) {
            return accumulator;
          }
        };
    AggregateOperator before = new AggregateOperator(count, keyEncoder(), next);
    before.process("a", 1L);
    AggregateOperator after = new AggregateOperator(count, keyEncoder(), next);
    handOver(before, after);

    after.process("a", 1L);

    assertThat(emitted).containsExactly(1, 2);
  }

  @Test
  void processKeepsWhatTheFunctionHasKept() throws Exception {
    ProcessFunction<Object, Object> last =
        (value, context, collector) -> {
          collector.collect(String.valueOf(context.getState()));
          context.setState(value);
        };
    ProcessOperator before = new ProcessOperator(last, true, keyEncoder(), next);
    before.process("a", "first");
    ProcessOperator after = new ProcessOperator(last, true, keyEncoder(), next);
    handOver(before, after);

    after.process("a", "second");

    assertThat(emitted).containsExactly("null", "first");
  }

  private JoinOperator join() throws Exception {
    return join((left, right) -> left + "+" + right);
  }

  private JoinOperator join(JoinFunction<Object, Object, Object> function) throws Exception {
    JoinOptions options =
        JoinOptions.newBuilder()
            .setType(JoinOptions.Type.TYPE_LEFT)
            .setRetentionMs(RETENTION)
            .build();
    JoinOperator join =
        new JoinOperator(function, options, keyEncoder(), new ValueCopier(TYPES), next);
    join.open(
        (RuntimeContext)
            Proxy.newProxyInstance(
                RuntimeContext.class.getClassLoader(),
                new Class<?>[] {RuntimeContext.class},
                (proxy, method, arguments) -> clock));
    return join;
  }

  @Test
  @SuppressWarnings("unchecked")
  void joinKeepsItsRecordsAsTheyCame() throws Exception {
    JoinOperator join =
        join(
            (left, right) -> {
              if (right != null) {
                ((List<Object>) left).add(((List<Object>) right).remove(0));
              }
              return left;
            });
    for (int i = 0; i < 2; i++) {
      join.process(0, "a", new ArrayList<>(List.of("left")));
      join.process(1, "a", new ArrayList<>(List.of("right")));
    }

    assertThat(emitted).hasSize(4).containsOnly(List.of("left", "right"));
  }

  @Test
  void joinKeepsItsRecordsWithTheirTimesAndMatches() throws Exception {
    JoinOperator before = join();
    clock = 100;
    before.process(0, "a", "a1");
    before.process(1, "a", "a2");
    before.process(0, "b", "b1");
    JoinOperator after = join();
    handOver(before, after);
    emitted.clear();

    clock = 100 + RETENTION;
    after.process(1, "b", "b2");
    assertThat(emitted).containsExactly("b1+b2");
    after.process(0, "c", "c1");
    clock = 102 + RETENTION;
    after.process(1, "a", "late"); // a1 is forgotten, and was matched
    assertThat(emitted).containsExactly("b1+b2");
    after.finish();
    assertThat(emitted).containsExactly("b1+b2", "c1+null");
  }

  @Test
  void aJoinForgetsItsRecordsInTheOrderInWhichTheyCameWhateverKeyGroupsTheyAreIn()
      throws Exception {
    JoinOperator before = join();
    List<Object> inOrder = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      before.process(0, "key " + i % 10, i);
      inOrder.add(i + "+null");
    }
    JoinOperator after = join();
    handOver(before, after);
    after.process(0, "key 3", 100);
    JoinOperator last = join();
    handOver(after, last);

    last.finish();

    inOrder.add("100+null");
    assertThat(emitted).isEqualTo(inOrder);
  }

  /** Notes what is called. */
  private static final class Noting implements TransactionalSinkFunction<Object> {
    private static final long serialVersionUID = 1L;
    private final transient List<Object> calls = new ArrayList<>();

    @Override
    public void sink(Object value) {
      calls.add(value);
    }

    @Override
    public void beginTransaction() {
      calls.add("begin");
    }

    @Override
    public Object preCommit(long checkpoint) {
      calls.add("preCommit " + checkpoint);
      return checkpoint == 2 ? null : "handle " + checkpoint;
    }

    @Override
    public void commit(Object handle) {
      calls.add("commit " + handle);
    }
  }

  @Test
  void aTransactionIsCommittedWithItsCheckpointAndOnceMoreAfterAFailure() throws Exception {
    Noting first = new Noting();
    TransactionalSinkOperator before = new TransactionalSinkOperator(first, true);
    before.start();
    before.process(null, 1L);
    List<Object> saved = before.save(1);
    before.process(null, 2L);
    before.commit(1);
    before.save(2);
    before.commit(2);
    before.finish();
    before.save(Long.MAX_VALUE);
    before.commit(Long.MAX_VALUE);

    assertThat(first.calls)
        .containsExactly(
            "begin",
            1L,
            "preCommit 1",
            "begin",
            2L,
            "commit handle 1",
            "preCommit 2",
            "begin",
            "preCommit 9223372036854775807",
            "commit handle 9223372036854775807");

    Noting second = new Noting();
    TransactionalSinkOperator after = new TransactionalSinkOperator(second, true);
    after.load(saved);
    after.start();
    assertThat(second.calls).containsExactly("commit handle 1", "begin");
  }

  @Test
  void withoutCheckpointsTheEndCommits() throws Exception {
    Noting function = new Noting();
    TransactionalSinkOperator sink = new TransactionalSinkOperator(function, false);
    sink.start();
    sink.process(null, 1L);
    sink.finish();

    assertThat(function.calls)
        .containsExactly(
            "begin", 1L, "preCommit 9223372036854775807", "commit handle 9223372036854775807");
  }
}
