package org.anabranch.client;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.GatewayGrpc;
import org.anabranch.runtime.control.Challenge;

/** A connection to a gateway; every call proves that its token is known, at both ends. */
final class GatewayChannel {
  private static final long CALL_SECONDS = 120;
  private static final long CLOSE_SECONDS = 5;

  private final ManagedChannel channel;
  private final String token;
  private Challenge challenge;
  private long challengedAt;

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
            .proxyDetector(any -> null)
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .build();
    this.token = token;
  }

  /** Returns a stub whose calls end within two minutes. */
  GatewayGrpc.GatewayBlockingStub blocking() {
    return unlimited().withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** Returns a stub for streams that last as long as a job. */
  GatewayGrpc.GatewayBlockingStub unlimited() {
    return GatewayGrpc.newBlockingStub(channel).withInterceptors(challenge());
  }

  /** Returns the gateway's challenge; asks for one before anything is said, and regularly. */
  private synchronized Challenge challenge() {
    long now = System.nanoTime();
    if (challenge == null
        || now - challengedAt > TimeUnit.SECONDS.toNanos(Challenge.RENEWAL_SECONDS)) {
      try {
        challenge = Challenge.ask(channel, token, false).get();
        challengedAt = now;
      } catch (ExecutionException e) {
        throw Status.fromThrowable(e.getCause()).asRuntimeException();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Status.CANCELLED.withCause(e).asRuntimeException();
      }
    }
    return challenge;
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
    return GatewayGrpc.newStub(channel).withInterceptors(challenge());
  }
}
