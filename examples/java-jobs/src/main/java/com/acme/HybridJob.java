package com.acme;

import java.util.Arrays;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.StreamingContext;

/** Java operators around Python operators. */
public final class HybridJob {
  private HybridJob() {}

  public static void main(String[] args) {
    StreamingContext context = StreamingContext.buildContext();
    context.setParallelism(args.length > 0 ? Integer.parseInt(args[0]) : 1);
    DataStreamSource<String> streamSource =
        DataStreamSource.fromCollection(context, Arrays.asList("a", "b", "c"));
    streamSource
        .map(x -> x + x)
        .asPythonStream()
        .map("hybrid_functions", "map_func1")
        .filter("hybrid_functions", "filter_func1")
        .asJavaStream()
        .sink(value -> System.out.println("HybridStream sink=" + value));
    context.execute("HybridStreamTestJob");
  }
}
