package com.acme;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.RichMapFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.function.SinkFunction;
import org.anabranch.api.tuple.Tuple2;

/** Java operators of the whole-job tests. */
public final class Functions {
  private Functions() {}

  public static final class Identity implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) {
      return value;
    }
  }

  /** Takes 20 ms for a record. */
  public static final class Model implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) throws Exception {
      Thread.sleep(20);
      return value;
    }
  }

  /** x -> 3x + 1. */
  public static final class Slow implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) throws InterruptedException {
      Thread.sleep(10);
      return value;
    }
  }

  public static final class TripleAndOne implements MapFunction<Long, Long> {
    @Override
    public Long map(Long value) {
      return 3 * value + 1;
    }
  }

  public static final class IsOdd implements FilterFunction<Long> {
    @Override
    public boolean filter(Long value) {
      return value % 2 != 0;
    }
  }

  /** x -> x, x + 1, ... as often as x mod 3 says. */
  public static final class Repeat implements FlatMapFunction<Long, Long> {
    @Override
    public void flatMap(Long value, Collector<Long> collector) {
      for (long i = 0; i < Math.floorMod(value, 3L); i++) {
        collector.collect(value + i);
      }
    }
  }

  public static final class Modulo5 implements KeyFunction<Long, Long> {
    @Override
    public Long keyBy(Long value) {
      return Math.floorMod(value, 5L);
    }
  }

  public static final class Sum implements ReduceFunction<Long> {
    @Override
    public Long reduce(Long oldValue, Long newValue) {
      return oldValue + newValue;
    }
  }

  public static final class Print implements SinkFunction<Object> {
    @Override
    public void sink(Object value) {
      System.out.println("java " + value);
    }
  }

  /** Returns the largest heap of the JVM, in MiB. */
  public static final class MaxHeap implements MapFunction<Long, Long> {
    @Override
    public Long map(Long value) {
      return Runtime.getRuntime().maxMemory() >> 20;
    }
  }

  public static final class FailsAtSeven implements MapFunction<Long, Long> {
    @Override
    public Long map(Long value) {
      if (value == 7) {
        try {
          throw new IllegalArgumentException("seven came");
        } catch (IllegalArgumentException cause) {
          throw new IllegalStateException("cannot go on", cause);
        }
      }
      return value;
    }
  }

  /** Takes Integer where Python ints arrive as Long. */
  public static final class WantsInteger implements MapFunction<Integer, Integer> {
    @Override
    public Integer map(Integer value) {
      return value;
    }
  }

  public static final class ReturnsThread implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) {
      List<Object> list = new ArrayList<>();
      list.add(1L);
      list.add(Thread.currentThread());
      return list;
    }
  }

  public static final class SleepsForEver implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) throws InterruptedException {
      System.out.println("sleeping");
      Thread.sleep(1_000_000);
      return value;
    }
  }

  /** Spins and takes no notice of interrupts. */
  public static final class SpinsForEver implements MapFunction<Object, Object> {
    private volatile long turns;

    @Override
    public Object map(Object value) {
      System.out.println("spinning");
      while (true) {
        turns++;
      }
    }
  }

  public static final class Where extends RichMapFunction<Object, Object> {
    private String where;

    @Override
    public void open(RuntimeContext context) {
      where = context.getOperatorName() + " " + context.getTaskIndex() + "/" + context.getParallelism();
    }

    @Override
    public Object map(Object value) {
      return where;
    }

    @Override
    public void close() {
      System.out.println("closed " + where);
    }
  }

  public static final class Hundred extends Below {
    public Hundred() {
      super(100);
    }
  }

  public static final class LastDigit implements PartitionFunction<Long> {
    @Override
    public int[] partition(Long value, int n) {
      return new int[] {(int) (value % 10 % n)};
    }
  }

  public static final class PairUp implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) {
      return new Tuple2<>(value, 1L);
    }
  }

  public static Object shout(Object value) {
    return value.toString().toUpperCase(java.util.Locale.ROOT) + "!";
  }

  /** The two operators of the predecessor's hybrid test. */
  public static final class HybridStreamTest {
    private HybridStreamTest() {}

    public static class Mapper1 implements MapFunction<Object, Object> {
      @Override
      public Object map(Object value) {
        return value.toString() + value;
      }
    }

    public static class Filter1 implements FilterFunction<Object> {
      @Override
      public boolean filter(Object value) {
        return !"bb".equals(value);
      }
    }
  }
}
