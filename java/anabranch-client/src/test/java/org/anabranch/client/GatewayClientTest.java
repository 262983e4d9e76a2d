package org.anabranch.client;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.util.List;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.StreamingContext;
import org.junit.jupiter.api.Test;

class GatewayClientTest {
  @Test
  void aGatewayThatIsNotThereIsSaidNotToAnswerAtItsAddress() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    StreamingContext context =
        StreamingContext.buildContext()
            .withConfig("anabranch.gateway", "127.0.0.1:" + port)
            .withConfig("anabranch.gateway.token", "00".repeat(32));
    DataStreamSource.fromCollection(context, List.of(1L)).sink(n -> {});

    assertThatThrownBy(() -> context.submit("nowhere"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no gateway answers at 127.0.0.1:" + port)
        .hasMessageContaining("is it running");
  }
}
