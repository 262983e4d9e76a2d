package com.acme.flink;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.StringTokenizer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.legacy.RichSinkFunction;
import org.apache.flink.util.Collector;

/** Word count: flat map, map, key by, reduce, sink. */
public final class WordCount {
  private static final int WORDS_PER_LINE = 10;
  // The mini cluster is in this process, so that its tasks can hand over what they found.
  private static final AtomicLong STARTED = new AtomicLong(Long.MAX_VALUE);
  private static final AtomicLong ENDED = new AtomicLong();
  private static final Queue<Map<String, Long>> FOUND = new ConcurrentLinkedQueue<>();

  private WordCount() {}

  /** Takes the number of words, the parallelism, and the file with the page of lines. */
  public static void main(String[] args) throws Exception {
    long words = Long.parseLong(args[0]);
    StreamExecutionEnvironment environment = Environments.local(Integer.parseInt(args[1]));
    environment
        .fromSequence(0, words / WORDS_PER_LINE - 1)
        .map(new Lines(Files.readAllLines(Path.of(args[2]))))
        .flatMap(WordCount::split)
        .returns(Types.STRING)
        .map(word -> Tuple2.of(word, 1L))
        .returns(Types.TUPLE(Types.STRING, Types.LONG))
        .keyBy(count -> count.f0)
        .reduce((old, count) -> Tuple2.of(old.f0, old.f1 + count.f1))
        .addSink(new LastCounts());
    environment.execute("word count");
    System.out.printf(
        "{\"started_at\": %s, \"ended_at\": %s, \"records\": %d, \"check\": \"%s\"}%n",
        STARTED.get() / 1e9, ENDED.get() / 1e9, words, check());
  }

  private static void split(String line, Collector<String> out) {
    for (StringTokenizer words = new StringTokenizer(line); words.hasMoreTokens(); ) {
      out.collect(words.nextToken());
    }
  }

  private static String check() {
    long words = 0;
    long total = 0;
    for (Map<String, Long> counts : FOUND) {
      for (Map.Entry<String, Long> each : counts.entrySet()) {
        CRC32 crc = new CRC32();
        crc.update(each.getKey().getBytes(StandardCharsets.UTF_8));
        words += each.getValue();
        total += crc.getValue() * each.getValue() * each.getValue();
      }
    }
    return words + ":" + Long.toUnsignedString(total);
  }

  /** Creates the lines from their numbers; the time of the first is the start of the run. */
  private static final class Lines extends RichMapFunction<Long, String> {
    private static final long serialVersionUID = 1L;

    private final String[] page;
    private transient boolean started;

    Lines(List<String> page) {
      this.page = page.toArray(new String[0]);
    }

    @Override
    public String map(Long number) {
      if (!started) {
        started = true;
        STARTED.accumulateAndGet(System.nanoTime(), Math::min);
      }
      return page[(int) (number % page.length)];
    }
  }

  /** Keeps the last count of each word; the time of its end is the end of the run. */
  private static final class LastCounts extends RichSinkFunction<Tuple2<String, Long>> {
    private static final long serialVersionUID = 1L;

    private transient Map<String, Long> counts;

    @Override
    public void open(OpenContext context) {
      counts = new HashMap<>();
    }

    @Override
    public void invoke(Tuple2<String, Long> count, Context context) {
      counts.put(count.f0, count.f1);
    }

    @Override
    public void close() {
      ENDED.accumulateAndGet(System.nanoTime(), Math::max);
      FOUND.add(counts);
    }
  }
}
