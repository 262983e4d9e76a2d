package com.acme.flink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.legacy.RichSinkFunction;
import org.apache.flink.types.Row;

/**
 * The Java operators of a PyFlink job that crosses the language boundary; PyFlink calls these methods by py4j.
 *
 * <p>The records are those of {@code shapes.py}. Flink's counterpart of a dict and of a record of
 * several types, with names, is a {@code Row}.
 */
public final class Crossing {
  private static final String[] FIELDS = {"id", "name", "price", "active", "city", "quantity"};

  private Crossing() {}

  public static <T> DataStream<T> identity(DataStream<T> stream) {
    return stream.map(value -> value).returns(stream.getType());
  }

  public static DataStream<Object> source(
      StreamExecutionEnvironment environment, String shape, long records, String results) {
    return environment
        .fromSequence(0, records - 1)
        .map(new Make(shape, results))
        .returns(typeOf(shape));
  }

  public static void sink(DataStream<Object> stream, String shape, String results) {
    stream.addSink(new Check(shape, results));
  }

  @SuppressWarnings("unchecked")
  private static TypeInformation<Object> typeOf(String shape) {
    TypeInformation<?> type =
        switch (shape) {
          case "pair" -> Types.TUPLE(Types.STRING, Types.LONG);
          case "bytes" -> PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
          default ->
              Types.ROW_NAMED(
                  FIELDS,
                  Types.LONG,
                  Types.STRING,
                  Types.DOUBLE,
                  Types.BOOLEAN,
                  Types.STRING,
                  Types.LONG);
        };
    return (TypeInformation<Object>) type;
  }

  /** Makes records from their numbers; the time of the first is the start of the run. */
  private static final class Make extends RichMapFunction<Long, Object> {
    private static final long serialVersionUID = 1L;

    private final String shape;
    private final String results;
    private final byte[] padding = new byte[1024];
    private boolean started;

    Make(String shape, String results) {
      this.shape = shape;
      this.results = results;
      for (int i = 0; i < padding.length; i++) {
        padding[i] = (byte) i;
      }
    }

    @Override
    public Object map(Long number) throws IOException {
      if (!started) {
        started = true;
        Files.writeString(Path.of(results, "started"), String.valueOf(System.nanoTime() / 1e9));
      }
      long i = number;
      return switch (shape) {
        case "pair" -> Tuple2.of("record-" + i, i);
        case "bytes" -> {
          byte[] bytes = padding.clone();
          ByteBuffer.wrap(bytes).putLong(i);
          yield bytes;
        }
        default -> Row.of(i, "name-" + i, i * 0.25, i % 2 == 0, "Lisboa", i % 100);
      };
    }
  }

  /** Checks what arrives; the time of its end is the end of the run. */
  private static final class Check extends RichSinkFunction<Object> {
    private static final long serialVersionUID = 1L;

    private final String shape;
    private final String results;
    private long count;
    private long total;

    Check(String shape, String results) {
      this.shape = shape;
      this.results = results;
    }

    @Override
    public void invoke(Object value, Context context) {
      count++;
      total += valueOf(value);
    }

    private long valueOf(Object value) {
      return switch (shape) {
        case "pair" -> {
          Tuple2<?, ?> pair = (Tuple2<?, ?>) value;
          yield ((String) pair.f0).length() + (Long) pair.f1;
        }
        case "bytes" -> {
          byte[] bytes = (byte[]) value;
          yield ByteBuffer.wrap(bytes).getLong() + bytes.length;
        }
        default -> {
          Row row = (Row) value;
          yield (Long) row.getField(0)
              + ((String) row.getField(1)).length()
              + (Long) row.getField(5);
        }
      };
    }

    @Override
    public void close() throws IOException {
      String found = System.nanoTime() / 1e9 + " " + count + ":" + total;
      Files.writeString(Path.of(results, "ended"), found);
    }
  }
}
