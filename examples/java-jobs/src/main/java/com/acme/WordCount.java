package com.acme;

import java.util.Collections;
import java.util.List;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.StreamingContext;
import org.anabranch.api.function.FlatMapFunction;

/** Counts words in Java alone. */
public final class WordCount {
  private WordCount() {}

  /** A word and how often it has come so far. */
  public static class WordAndCount {
    public final String word;
    public final Integer count;

    public WordAndCount(String key, Integer count) {
      this.word = key;
      this.count = count;
    }

    @Override
    public String toString() {
      return word + ":" + count;
    }
  }

  public static void main(String[] args) {
    StreamingContext context = StreamingContext.buildContext();
    context.setParallelism(args.length > 0 ? Integer.parseInt(args[0]) : 1);
    List<String> text = Collections.singletonList("hello world hello");
    DataStreamSource.fromCollection(context, text)
        .flatMap(
            (FlatMapFunction<String, WordAndCount>)
                (value, collector) -> {
                  for (String record : value.split(" ")) {
                    collector.collect(new WordAndCount(record, 1));
                  }
                })
        .filter(pair -> !pair.word.contains("world"))
        .keyBy(pair -> pair.word)
        .reduce(
            (oldValue, newValue) ->
                new WordAndCount(oldValue.word, oldValue.count + newValue.count))
        .sink(result -> System.out.println("sink result=" + result));
    context.execute("testWordCount");
  }
}
