package com.acme.flink;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.CloseableIterator;

/** The smallest job: one record, in upper case. */
public final class Startup {
  private Startup() {}

  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment environment = Environments.local(1);
    DataStream<Tuple2<String, Long>> upper =
        environment
            .fromData("a")
            .map(value -> Tuple2.of(value.toUpperCase(), System.nanoTime()))
            .returns(Types.TUPLE(Types.STRING, Types.LONG));
    try (CloseableIterator<Tuple2<String, Long>> found = upper.executeAndCollect()) {
      Tuple2<String, Long> first = found.next();
      System.out.printf(
          "{\"started_at\": %s, \"ended_at\": %s, \"records\": 1, \"check\": \"%s\"}%n",
          first.f1 / 1e9, first.f1 / 1e9, first.f0);
    }
  }
}
