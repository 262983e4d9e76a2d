package org.anabranch.runtime.control;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.AuthenticationGrpc;
import org.anabranch.proto.v1.ChallengeRequest;
import org.anabranch.proto.v1.ChallengeResponse;

/**
 * The client's half of {@code authentication.proto}: what a server has given out that knows the
 * token. Signs calls to it, and lets only such a server answer them.
 */
public final class Challenge implements ClientInterceptor {
  /** A server takes a challenge for two minutes at least. */
  public static final long RENEWAL_SECONDS = 60;

  /** What proofs travel in. */
  public static final Metadata.Key<String> METADATA =
      Metadata.Key.of("anabranch-auth", Metadata.ASCII_STRING_MARSHALLER);

  private static final long LIMIT_SECONDS = 10;
  private static final Status IMPOSTOR =
      Status.UNAUTHENTICATED.withDescription(
          "wrong token: whoever listens there has another one, or none");

  private final ControlProofs proofs;
  private final String value;

  private Challenge(ControlProofs proofs, String value) {
    this.proofs = proofs;
    this.value = value;
  }

  /**
   * Asks a server for a challenge. Nothing else should be sent before that has succeeded.
   *
   * @param channel leads to the server
   * @param token the secret that is shared with it
   * @param patient true to dial again for a while if nothing listens
   * @return fails with a {@link StatusRuntimeException}, also if the server does not know the token
   */
  public static CompletableFuture<Challenge> ask(Channel channel, String token, boolean patient) {
    ControlProofs proofs = new ControlProofs(token);
    String nonce = ControlProofs.newNonce();
    Metadata metadata = new Metadata();
    metadata.put(METADATA, nonce);
    CompletableFuture<Challenge> future = new CompletableFuture<>();
    AuthenticationGrpc.AuthenticationStub stub =
        AuthenticationGrpc.newStub(channel)
            .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
    StreamObserver<ChallengeRequest> nothing =
        (patient ? stub.withWaitForReady() : stub)
            .challenge(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ChallengeResponse answer) {
                    String value = answer.getChallenge();
                    if (ControlProofs.same(answer.getProof(), proofs.ofChallenge(nonce, value))) {
                      future.complete(new Challenge(proofs, value));
                    } else {
                      future.completeExceptionally(IMPOSTOR.asRuntimeException());
                    }
                  }

                  @Override
                  public void onError(Throwable problem) {
                    future.completeExceptionally(problem);
                  }

                  @Override
                  public void onCompleted() {
                    future.completeExceptionally(IMPOSTOR.asRuntimeException()); // unless done
                  }
                });
    nothing.onCompleted();
    return future;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> descriptor, CallOptions options, Channel next) {
    String method = "/" + descriptor.getFullMethodName();
    String nonce = ControlProofs.newNonce();
    String shown = String.join(".", value, nonce, proofs.ofClient(method, value, nonce));
    String expected = proofs.ofServer(method, value, nonce);
    return new SimpleForwardingClientCall<>(next.newCall(descriptor, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        headers.put(METADATA, shown);
        super.start(new Believer<>(listener, this, expected), headers);
      }
    };
  }

  /** Passes on nothing of a server that has not proven itself, but that a call has failed. */
  private static final class Believer<A> extends SimpleForwardingClientCallListener<A> {
    private final ClientCall<?, A> call;
    private final String expected;
    private boolean proven;

    Believer(ClientCall.Listener<A> listener, ClientCall<?, A> call, String expected) {
      super(listener);
      this.call = call;
      this.expected = expected;
    }

    @Override
    public void onHeaders(Metadata headers) {
      String given = headers.get(METADATA);
      proven = given != null && ControlProofs.same(given, expected);
      if (proven) {
        super.onHeaders(headers);
      } else {
        call.cancel(IMPOSTOR.getDescription(), null);
      }
    }

    @Override
    public void onMessage(A message) {
      if (proven) {
        super.onMessage(message);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      boolean believed = proven || !(status.isOk() || status.getCode() == Status.Code.CANCELLED);
      super.onClose(believed ? status : IMPOSTOR, trailers);
    }
  }
}
