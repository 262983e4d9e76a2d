package org.anabranch.runtime.control;

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
import org.anabranch.proto.v1.ControlGrpc;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.WorkerMessage;

/** A job master that the test plays: one worker, one message at a time. */
public final class TestMaster extends ControlGrpc.ControlImplBase implements AutoCloseable {
  private static final long LIMIT_SECONDS = 20;
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("anabranch-token", Metadata.ASCII_STRING_MARSHALLER);

  private final BlockingQueue<WorkerMessage> received = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> tokens = new LinkedBlockingQueue<>();
  private final BlockingQueue<StreamObserver<MasterMessage>> streams = new LinkedBlockingQueue<>();
  private final Server server;
  private StreamObserver<MasterMessage> toWorker;

  public TestMaster() throws IOException {
    server =
        OkHttpServerBuilder.forPort(0, InsecureServerCredentials.create())
            .addService(this)
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <Q, A> ServerCall.Listener<Q> interceptCall(
                      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                    tokens.add(String.valueOf(headers.get(TOKEN)));
                    return next.startCall(call, headers);
                  }
                })
            .build()
            .start();
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

  public String token() throws InterruptedException {
    return tokens.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
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
