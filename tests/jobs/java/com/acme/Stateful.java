package com.acme;

import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.RichPartitionFunction;
import org.anabranch.api.tuple.Tuple2;
import org.anabranch.api.tuple.Tuple3;

/** The twins of the Python functions in test_stateful.py. */
public final class Stateful {
  private Stateful() {}

  public static final class First implements KeyFunction<Tuple2<Object, Object>, Object> {
    @Override
    public Object keyBy(Tuple2<Object, Object> record) {
      return record.f0();
    }
  }

  public static final class Mean
      implements AggregateFunction<Tuple2<String, Long>, long[], Double> {
    @Override
    public long[] createAccumulator() {
      return new long[2];
    }

    @Override
    public long[] add(Tuple2<String, Long> value, long[] accumulator) {
      return new long[] {accumulator[0] + value.f1(), accumulator[1] + 1};
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

  public static final class Deduplicate implements ProcessFunction<Long, Tuple2<Object, Long>> {
    @Override
    public void process(
        Long value, ProcessContext context, Collector<Tuple2<Object, Long>> collector) {
      long seen = context.getState() == null ? 0 : (Long) context.getState();
      context.setState(seen + 1);
      if (seen == 0) {
        collector.collect(new Tuple2<>(context.getKey(), value));
      }
      if (seen == 2) {
        context.setState(null);
      }
    }
  }

  /** The twin of the class in test_large_state.py. */
  public static final class NumberedAtLength
      implements ProcessFunction<Long, Tuple3<Object, Long, Long>> {
    @Override
    public void process(
        Long value, ProcessContext context, Collector<Tuple3<Object, Long, Long>> collector) {
      Tuple2<?, ?> before = (Tuple2<?, ?>) context.getState();
      long n = before == null ? 1 : (Long) before.f0() + 1;
      context.setState(new Tuple2<>(n, new byte[4096]));
      collector.collect(new Tuple3<>(context.getKey(), n, value));
    }
  }

  public static final class Tag
      implements CoProcessFunction<Long, String, Tuple2<String, Object>> {
    @Override
    public void process1(Long value, Collector<Tuple2<String, Object>> collector) {
      collector.collect(new Tuple2<>("number", value));
    }

    @Override
    public void process2(String value, Collector<Tuple2<String, Object>> collector) {
      collector.collect(new Tuple2<>("word", value));
      collector.collect(new Tuple2<>("word", value));
    }
  }

  public static final class Pair
      implements JoinFunction<
          Tuple2<String, Object>, Tuple2<String, Object>, Tuple2<Object, Object>> {
    @Override
    public Tuple2<Object, Object> join(
        Tuple2<String, Object> left, Tuple2<String, Object> right) {
      return new Tuple2<>(left == null ? null : left.f1(), right == null ? null : right.f1());
    }
  }

  public static final class Itself implements KeyFunction<Object, Object> {
    @Override
    public Object keyBy(Object record) {
      return record;
    }
  }

  public static final class PairOrRefuse implements JoinFunction<Long, Long, Tuple2<Long, Long>> {
    @Override
    public Tuple2<Long, Long> join(Long left, Long right) {
      if (left != null && left % 3 == 1) {
        throw new IllegalArgumentException("no");
      }
      return new Tuple2<>(left, right);
    }
  }

  /** Deals records out in turn, and counts them itself. */
  public static final class Deal extends RichPartitionFunction<Long> {
    private long dealt;

    @Override
    public int[] partition(Long value, int n) {
      dealt++;
      return new int[] {(int) ((getRuntimeContext().getTaskIndex() + dealt) % n)};
    }

    @Override
    public Object saveCheckpoint() {
      return dealt;
    }

    @Override
    public void loadCheckpoint(Object saved) {
      dealt = (Long) saved;
    }
  }
}
