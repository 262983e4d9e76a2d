package com.acme;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.RichSinkFunction;
import org.anabranch.api.function.SinkFunction;

/** Java operators that fail at some records, of test_java_errors.py. */
public final class Failing {
  private Failing() {}

  public static final class NoThrees implements MapFunction<Long, Long> {
    @Override
    public Long map(Long value) {
      if (value % 10 == 3) {
        throw new IllegalArgumentException("no");
      }
      return value;
    }
  }

  /** Emits twice, and then fails at odd numbers. */
  public static final class TwiceButOdd implements FlatMapFunction<Long, Long> {
    @Override
    public void flatMap(Long value, Collector<Long> collector) {
      collector.collect(value);
      collector.collect(value);
      if (value % 2 != 0) {
        throw new IllegalStateException("odd");
      }
    }
  }

  /** Something that no consumer can take. */
  public static final class ToThread implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) {
      return new Thread("number " + value);
    }
  }

  public static final class Refuse implements MapFunction<Object, Object> {
    @Override
    public Object map(Object value) {
      throw new IllegalStateException("refused");
    }
  }

  public static final class ClearAndRefuse implements MapFunction<Map<String, Object>, Object> {
    @Override
    public Object map(Map<String, Object> value) {
      value.clear();
      throw new IllegalStateException("too late");
    }
  }

  public static final class RefusingSink implements SinkFunction<Long> {
    @Override
    public void sink(Long value) {
      if (value % 2 != 0) {
        throw new IllegalArgumentException(value + " is odd");
      }
    }
  }

  /** Appends what it is told to a file of its subtask. */
  public static final class Upserts extends RichSinkFunction<Object>
      implements IdempotentSinkFunction<Object> {
    private final String directory;

    public Upserts(String directory) {
      this.directory = directory;
    }

    @Override
    public void sink(String recordId, Object value) throws IOException {
      Path file = Path.of(directory, "java-" + getRuntimeContext().getTaskIndex());
      String line = recordId + " " + value + "\n";
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }

  /** A source that cannot resume where it was. */
  public static final class Three extends Below {
    public Three() {
      super(3);
    }
  }
}
