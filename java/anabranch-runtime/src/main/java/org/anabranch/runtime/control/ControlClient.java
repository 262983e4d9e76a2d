package org.anabranch.runtime.control;

import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.ControlGrpc;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.WorkerMessage;

/**
 * A stream between a worker and its master. It is opened once: another master is another client.
 */
public final class ControlClient implements AutoCloseable {
  private static final long CLOSE_MILLIS = 500;
  private static final long KEEP_ALIVE_SECONDS = 10;
  // A master may stand still (Ctrl-Z in its terminal, a debugger): its end is told by other ways.
  private static final long MASTER_SILENCE_SECONDS = 600;

  /** Takes what comes from the master. Called on one thread, in the order of the stream. */
  public interface Handler {
    /** The master has sent a message. */
    void handle(MasterMessage message);

    /** The stream has ended, or could not be opened; nothing follows. */
    void disconnected(ControlClient client, String reason);
  }

  private final ManagedChannel channel;
  private final ExecutorService executor;
  private final Queue<WorkerMessage> early = new ArrayDeque<>();
  private StreamObserver<WorkerMessage> toMaster; // null until the master has proven itself
  private boolean closed;

  /**
   * Dials the master. Whether it is there shows later, by a call to the handler. Nothing is sent,
   * and nothing handled, before it has proven that it knows the token.
   *
   * @param master {@code host:port}
   * @param token the job's token, as hex digits
   */
  public ControlClient(String master, String token, Handler handler) {
    int colon = master.lastIndexOf(':');
    String host = master.substring(0, colon);
    int port = Integer.parseInt(master.substring(colon + 1));
    executor = Executors.newSingleThreadExecutor(ControlClient::daemon);
    channel =
        OkHttpChannelBuilder.forAddress(host, port)
            .usePlaintext()
            // The system's proxy is for the web: it must not see what is said here.
            .proxyDetector(address -> null)
            // A function or a collected batch may be of any size.
            .maxInboundMessageSize(Integer.MAX_VALUE)
            // A host that is lost closes nothing.
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(MASTER_SILENCE_SECONDS, TimeUnit.SECONDS)
            .executor(executor)
            .build();
    Challenge.ask(channel, token, true)
        .whenComplete(
            (challenge, problem) -> {
              if (problem == null) {
                open(challenge, handler);
              } else {
                handler.disconnected(this, problem.toString());
              }
            });
  }

  private synchronized void open(Challenge challenge, Handler handler) {
    if (!closed) {
      toMaster =
          ControlGrpc.newStub(channel)
              .withInterceptors(challenge)
              .connect(new Incoming(this, handler));
      early.forEach(toMaster::onNext);
      early.clear();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "anabranch-control");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Sends a message; messages of one thread keep their order. Without effect once the stream is
   * closed.
   */
  public synchronized void send(WorkerMessage message) {
    if (closed) {
      return;
    }
    if (toMaster == null) {
      early.add(message);
    } else {
      toMaster.onNext(message);
    }
  }

  /**
   * Ends our side of the stream, once everything sent so far has left or half a second has passed.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      if (toMaster != null) {
        toMaster.onCompleted();
      }
    } catch (IllegalStateException e) {
      // The stream has ended already.
    }
    channel.shutdown();
    try {
      channel.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.shutdownNow();
    executor.shutdown();
  }

  private record Incoming(ControlClient client, Handler handler)
      implements StreamObserver<MasterMessage> {
    @Override
    public void onNext(MasterMessage message) {
      handler.handle(message);
    }

    @Override
    public void onError(Throwable problem) {
      handler.disconnected(client, problem.toString());
    }

    @Override
    public void onCompleted() {
      handler.disconnected(client, "the master closed the control stream");
    }
  }
}
