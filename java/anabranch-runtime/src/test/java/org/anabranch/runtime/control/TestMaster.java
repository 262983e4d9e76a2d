package org.anabranch.runtime.control;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.anabranch.proto.v1.AuthenticationGrpc;
import org.anabranch.proto.v1.ChallengeRequest;
import org.anabranch.proto.v1.ChallengeResponse;
import org.anabranch.proto.v1.ControlGrpc;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.WorkerMessage;

/** A job master that the test plays: one worker, one message at a time. */
public final class TestMaster extends ControlGrpc.ControlImplBase implements AutoCloseable {
  private static final long LIMIT_SECONDS = 120;
  private static final String TOKEN = "00".repeat(32);
  private static final Context.Key<String> NONCE = Context.key("nonce");

  private final BlockingQueue<WorkerMessage> received = new LinkedBlockingQueue<>();
  private final BlockingQueue<Boolean> proven = new LinkedBlockingQueue<>();
  private final BlockingQueue<StreamObserver<MasterMessage>> streams = new LinkedBlockingQueue<>();
  private final Server server;
  private StreamObserver<MasterMessage> toWorker;

  /** A master of the tests' job. */
  public TestMaster() throws IOException {
    this(TOKEN, true);
  }

  /**
   * A master, or whoever else has come to listen where one was.
   *
   * @param token what it takes for the token
   * @param constant false if it is another one after the challenge, that proves nothing any more
   */
  public TestMaster(String token, boolean constant) throws IOException {
    ControlProofs proofs = new ControlProofs(token);
    String challenge = ControlProofs.newNonce();
    server =
        OkHttpServerBuilder.forPort(0, InsecureServerCredentials.create())
            .addService(this)
            .addService(new Challenger(proofs, challenge))
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <Q, A> ServerCall.Listener<Q> interceptCall(
                      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                    String shown = String.valueOf(headers.get(Challenge.METADATA));
                    String method = "/" + call.getMethodDescriptor().getFullMethodName();
                    if (method.endsWith("/Challenge")) {
                      return Contexts.interceptCall(
                          Context.current().withValue(NONCE, shown), call, headers, next);
                    }
                    String nonce = shown.split("\\.")[1];
                    String right = proofs.ofClient(method, challenge, nonce);
                    proven.add(shown.equals(String.join(".", challenge, nonce, right)));
                    String answer = constant ? proofs.ofServer(method, challenge, nonce) : right;
                    return next.startCall(
                        new SimpleForwardingServerCall<>(call) {
                          @Override
                          public void sendHeaders(Metadata headers) {
                            headers.put(Challenge.METADATA, answer);
                            super.sendHeaders(headers);
                          }
                        },
                        headers);
                  }
                })
            .build()
            .start();
  }

  private static final class Challenger extends AuthenticationGrpc.AuthenticationImplBase {
    private final ControlProofs proofs;
    private final String challenge;

    Challenger(ControlProofs proofs, String challenge) {
      this.proofs = proofs;
      this.challenge = challenge;
    }

    @Override
    public StreamObserver<ChallengeRequest> challenge(StreamObserver<ChallengeResponse> answers) {
      String proof = proofs.ofChallenge(NONCE.get(), challenge);
      answers.onNext(
          ChallengeResponse.newBuilder().setChallenge(challenge).setProof(proof).build());
      answers.onCompleted();
      return new StreamObserver<>() {
        @Override
        public void onNext(ChallengeRequest none) {
          throw new AssertionError("something was sent before the proof");
        }

        @Override
        public void onError(Throwable problem) {
          // the worker is gone
        }

        @Override
        public void onCompleted() {
          // answered already
        }
      };
    }
  }

  public String address() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public StreamObserver<WorkerMessage> connect(StreamObserver<MasterMessage> answers) {
    streams.add(answers);
    return new StreamObserver<>() {
      @Override
      public void onNext(WorkerMessage message) {
        received.add(message);
      }

      @Override
      public void onError(Throwable problem) {
        // the worker is gone
      }

      @Override
      public void onCompleted() {
        answers.onCompleted();
      }
    };
  }

  /** Returns whether the worker has proven that it knows the token; null if it has not called. */
  public Boolean proven() throws InterruptedException {
    return proven.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /** Returns whether nothing of a worker has come here. */
  public boolean heardNothing() {
    return received.isEmpty();
  }

  public void say(MasterMessage.Builder message) throws InterruptedException {
    if (toWorker == null) {
      toWorker = streams.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
    toWorker.onNext(message.build());
  }

  /** Returns the next message that fits; drops those before it. */
  public WorkerMessage await(Predicate<WorkerMessage> wanted) throws InterruptedException {
    while (true) {
      WorkerMessage message = received.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
      if (message == null) {
        throw new AssertionError("the worker does not say it");
      }
      if (wanted.test(message)) {
        return message;
      }
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
