package org.anabranch.runtime.control;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
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
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("anabranch-token", Metadata.ASCII_STRING_MARSHALLER);
  private static final long CLOSE_MILLIS = 500;
  private static final long KEEP_ALIVE_SECONDS = 10;

  /** Takes what comes from the master. Called on one thread, in the order of the stream. */
  public interface Handler {
    /** The master has sent a message. */
    void handle(MasterMessage message);

    /** The stream has ended, or could not be opened; nothing follows. */
    void disconnected(ControlClient client, String reason);
  }

  private final ManagedChannel channel;
  private final ExecutorService executor;
  private final StreamObserver<WorkerMessage> toMaster;
  private boolean closed;

  /**
   * Dials the master. Whether it is there shows later, by a call to the handler.
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
            .executor(executor)
            .build();
    Metadata metadata = new Metadata();
    metadata.put(TOKEN, token);
    toMaster =
        ControlGrpc.newStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
            .connect(new Incoming(this, handler));
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
    if (!closed) {
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
      toMaster.onCompleted();
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
