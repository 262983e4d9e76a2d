package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.state.StateCodec;

/**
 * What a function emits is as it was when it emitted it: a chain emits what its operators emit
 * where each has a task of its own, which takes and sends nothing but bytes.
 */
@SuppressWarnings("serial") // its functions are made anew
public class EmittedProperties {
  private static final ClassLoader LOADER = EmittedProperties.class.getClassLoader();
  private static final TypeRegistry TYPES = new TypeRegistry(LOADER, List.of());

  /** What all these functions take and emit. */
  public static final class Order {
    public long id;
    public List<Object> items = new ArrayList<>();
    public Map<String, Object> seen = new TreeMap<>();

    public Order(long id) {
      this.id = id;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Order that
          && id == that.id
          && items.equals(that.items)
          && seen.equals(that.seen);
    }

    @Override
    public int hashCode() {
      return Objects.hash(id, items, seen);
    }

    @Override
    public String toString() {
      return id + " " + items + " " + seen;
    }
  }

  /** Keeps what it has emitted, changes it later, and emits it again. */
  public static final class Keeps implements MapFunction<Order, Order> {
    private final List<Order> kept = new ArrayList<>();

    @Override
    public Order map(Order order) {
      for (Order each : kept) {
        each.items.add(order.id);
        each.seen.put("last", order.id);
      }
      kept.add(order);
      return order.id % 3 == 0 ? kept.get(0) : order;
    }
  }

  /** Changes what it is given. */
  public static final class Changes implements MapFunction<Order, Order> {
    @Override
    public Order map(Order order) {
      order.items.add("changed");
      order.seen.clear();
      return order;
    }
  }

  /** Emits one object again and again. */
  public static final class Reuses implements FlatMapFunction<Order, Order> {
    private final Order reused = new Order(0);

    @Override
    public void flatMap(Order order, Collector<Order> out) {
      reused.id = order.id;
      reused.items = order.items;
      out.collect(reused);
      reused.items.add(List.of(order.items.size()));
      out.collect(reused);
      reused.items.add("never emitted");
    }
  }

  /** Compares each record with the one before. */
  public static final class KeepsLast implements FilterFunction<Order> {
    private Order last;

    @Override
    public boolean filter(Order order) {
      boolean isNew = last == null || !last.items.equals(order.items);
      last = order;
      return isNew;
    }
  }

  /** Has one object for all keys. */
  public static final class KeyInPlace implements KeyFunction<Order, List<Long>> {
    private final List<Long> key = new ArrayList<>(List.of(0L));

    @Override
    public List<Long> keyBy(Order order) {
      key.set(0, order.id % 2);
      return key;
    }
  }

  /** Changes and returns the old value. */
  public static final class Merges implements ReduceFunction<Order> {
    @Override
    public Order reduce(Order old, Order order) {
      old.items.addAll(order.items);
      old.seen.put("id " + order.id, order.items);
      return old;
    }
  }

  /** Emits its accumulator. */
  public static final class Parts implements AggregateFunction<Order, Order, Order> {
    @Override
    public Order createAccumulator() {
      return new Order(0);
    }

    @Override
    public Order add(Order order, Order parts) {
      parts.id++;
      parts.items.add(order.items);
      return parts;
    }

    @Override
    public Order getResult(Order parts) {
      return parts;
    }

    @Override
    public Order merge(Order one, Order other) {
      throw new UnsupportedOperationException();
    }
  }

  /** Emits its state, twice, and what the key is. */
  public static final class Counts implements ProcessFunction<Order, Order> {
    @Override
    public void process(Order order, ProcessContext context, Collector<Order> out) {
      Order state = (Order) context.getState();
      if (state == null) {
        state = order;
        context.setState(state);
      }
      out.collect(state);
      state.id++;
      state.items.add(context.getKey());
      out.collect(state);
    }
  }

  private enum Step {
    KEEPS(OperatorKind.OPERATOR_KIND_MAP, Keeps.class),
    CHANGES(OperatorKind.OPERATOR_KIND_MAP, Changes.class),
    REUSES(OperatorKind.OPERATOR_KIND_FLAT_MAP, Reuses.class),
    KEEPS_LAST(OperatorKind.OPERATOR_KIND_FILTER, KeepsLast.class),
    KEY(OperatorKind.OPERATOR_KIND_KEY_BY, KeyInPlace.class),
    REDUCE(OperatorKind.OPERATOR_KIND_REDUCE, Merges.class),
    AGGREGATE(OperatorKind.OPERATOR_KIND_AGGREGATE, Parts.class),
    PROCESS(OperatorKind.OPERATOR_KIND_PROCESS, Counts.class);

    private final OperatorKind kind;
    private final Class<?> function;

    Step(OperatorKind kind, Class<?> function) {
      this.kind = kind;
      this.function = function;
    }

    Operator operator(int id, boolean skips) {
      return Operator.newBuilder()
          .setId(id)
          .setName(name())
          .setKind(kind)
          .putConfig("anabranch.on-error", skips ? "skip" : "fail")
          .setFunction(
              FunctionDescriptor.newBuilder()
                  .setJavaReference(JavaReference.newBuilder().setClassName(function.getName())))
          .build();
    }
  }

  @Provide
  Arbitrary<List<Step>> chains() {
    Arbitrary<List<Step>> single =
        Arbitraries.of(Step.KEEPS, Step.CHANGES, Step.REUSES, Step.KEEPS_LAST).list().ofMaxSize(3);
    Arbitrary<Step> keyed = Arbitraries.of(Step.REDUCE, Step.AGGREGATE, Step.PROCESS);
    return Combinators.combine(single, keyed, single)
        .as(
            (before, stateful, after) -> {
              List<Step> steps = new ArrayList<>(before);
              steps.add(Step.KEY);
              steps.add(stateful);
              steps.addAll(after);
              return steps;
            });
  }

  @Property(tries = 300)
  void aChainEmitsWhatItsOperatorsEmitApart(
      @ForAll("chains") List<Step> steps,
      @ForAll boolean skips,
      @ForAll @IntRange(min = 1, max = 12) int records) {
    assertThat(new Job(List.of(steps), skips).run(records))
        .isEqualTo(new Job(steps.stream().map(List::of).toList(), skips).run(records));
  }

  /** Tasks that follow each other; what one emits is bytes at once, as it is on a channel. */
  private static final class Job {
    private final StateCodec codec = new StateCodec(TYPES);
    private final List<OperatorChain> tasks = new ArrayList<>();
    private final List<Object> emitted = new ArrayList<>();

    Job(List<List<Step>> chains, boolean skips) {
      for (int i = 0; i < chains.size(); i++) {
        TaskDescriptor.Builder task = TaskDescriptor.newBuilder().setTaskId(i).setParallelism(1);
        boolean keyed = i > 0 && chains.get(i - 1).get(0) == Step.KEY;
        task.addInputs(InputEdge.newBuilder().setCarriesKeys(keyed));
        for (Step step : chains.get(i)) {
          task.addChain(step.operator(task.getChainCount() + 1, skips));
        }
        FunctionLoader functions = new FunctionLoader(LOADER, TYPES);
        tasks.add(OperatorChain.build(task.build(), functions, new Host(i), false));
      }
    }

    List<Object> run(int records) {
      tasks.forEach(OperatorChain::open);
      for (int i = 0; i < records; i++) {
        Order order = new Order(i);
        order.items.add((long) i);
        tasks.get(0).handle(0, 0, 0, Batch.of(order));
      }
      tasks.forEach(OperatorChain::end);
      return emitted;
    }

    private Object copy(Object value) {
      List<Object> values = new ArrayList<>();
      values.add(value);
      return codec.decode(codec.encode(values)).get(0);
    }

    private final class Host implements OperatorChain.Host {
      private final int task;

      Host(int task) {
        this.task = task;
      }

      @Override
      public void emit(Object key, Object value) {
        if (task + 1 < tasks.size()) {
          Batch record = Batch.of(copy(value)).withKeys(copy(key));
          tasks.get(task + 1).handle(0, 0, 0, record);
        } else {
          emitted.add(copy(value));
        }
      }

      @Override
      public RuntimeContext context(Operator operator) {
        return null;
      }

      @Override
      public void emitDeadLetter(Map<String, Object> letter) {
        throw new AssertionError(letter);
      }

      @Override
      public boolean endsTask(Throwable error) {
        return true;
      }

      @Override
      public void checkCancelled() {}

      @Override
      public void look(long now) {}

      @Override
      public void collected(int operatorId, FrameHeader header, ByteString payload) {
        throw new AssertionError(header);
      }

      @Override
      public void awaitCollected() {}

      @Override
      public String jobId() {
        return "job";
      }
    }
  }
}
