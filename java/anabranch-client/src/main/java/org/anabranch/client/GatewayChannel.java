package org.anabranch.client;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.GatewayGrpc;

/** A connection to a gateway; every call carries its token. */
final class GatewayChannel {
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("anabranch-token", Metadata.ASCII_STRING_MARSHALLER);
  private static final long CALL_SECONDS = 120;

  private static final long CLOSE_SECONDS = 5;

  private final ManagedChannel channel;
  private final Metadata metadata = new Metadata();

  GatewayChannel(String address, String token) {
    int colon = address.lastIndexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException(
          "%s is not host:port: '%s'".formatted(ClientConfig.ADDRESS, address));
    }
    channel =
        OkHttpChannelBuilder.forAddress(
                address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))
            .usePlaintext()
            // The system's proxy is for the web: it must not see what is said here.
            .proxyDetector(address -> null)
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .build();
    metadata.put(TOKEN, token);
  }

  /** Returns a stub whose calls end within two minutes. */
  GatewayGrpc.GatewayBlockingStub blocking() {
    return unlimited().withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** Returns a stub for streams that last as long as a job. */
  GatewayGrpc.GatewayBlockingStub unlimited() {
    return GatewayGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  /** Ends the connection and its threads. */
  void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  GatewayGrpc.GatewayStub async() {
    return GatewayGrpc.newStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }
}
