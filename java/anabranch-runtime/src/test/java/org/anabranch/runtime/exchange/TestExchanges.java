package org.anabranch.runtime.exchange;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.records.TypeRegistry;

/** Exchanges of tasks that do not run, with limits that tests reach quickly. */
public final class TestExchanges {
  /** Of a frame, in bytes. */
  private static final int MAX_FRAME = 100_000;

  public static final byte[] TOKEN =
      "thirty-two bytes that are secret".getBytes(StandardCharsets.US_ASCII);

  private static final int SEND_QUEUE = 1000;

  private TestExchanges() {}

  public static Exchange open(
      Path directory, TaskDescriptor.Builder task, BooleanSupplier cancelled, Guarantee guarantee)
      throws IOException {
    ExchangeConfig config =
        new ExchangeConfig(
            "job",
            TOKEN,
            Optional.of(directory),
            "127.0.0.1",
            ExchangeConfig.Transport.AUTO,
            1024,
            65536,
            MAX_FRAME,
            SEND_QUEUE,
            65536,
            500,
            false);
    var types = new TypeRegistry(TestExchanges.class.getClassLoader(), List.of());
    return new Exchange(config, types, task.build(), cancelled, guarantee, error -> false);
  }

  /** Returns the edge from an operator called numbers. */
  public static InputEdge numbers(Channel.Builder... channels) {
    InputEdge.Builder edge =
        InputEdge.newBuilder()
            .setEdgeId(1)
            .setProducerLanguage(Language.LANGUAGE_JAVA)
            .setProducerName("numbers");
    for (Channel.Builder each : channels) {
      edge.addChannels(each);
    }
    return edge.build();
  }

  public static Channel.Builder channel(int number, int peerTask) {
    return Channel.newBuilder().setChannel(number).setPeerTask(peerTask);
  }
}
