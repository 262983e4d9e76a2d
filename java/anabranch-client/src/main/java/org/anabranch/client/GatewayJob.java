package org.anabranch.client;

import io.grpc.StatusRuntimeException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.anabranch.api.ErrorCode;
import org.anabranch.api.Job;
import org.anabranch.api.JobCancelledException;
import org.anabranch.api.JobFailedException;
import org.anabranch.api.JobState;
import org.anabranch.api.JobStatus;
import org.anabranch.proto.v1.CancelRequest;
import org.anabranch.proto.v1.ExplainRequest;
import org.anabranch.proto.v1.LogLine;
import org.anabranch.proto.v1.LogsRequest;
import org.anabranch.proto.v1.StatusRequest;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.WaitRequest;

/**
 * A job on a gateway. A thread of its own waits for its end; another passes on the lines that it
 * prints to this process's standard streams.
 */
final class GatewayJob implements Job {
  private static final long ASK_MILLIS = 30_000;
  private static final long LINES_MILLIS = 5_000;

  private final GatewayChannel gateway;
  private final String id;
  private final String name;
  private final String plan;
  private final CollectedRecords collected;
  private final CompletableFuture<org.anabranch.proto.v1.JobStatus> end = new CompletableFuture<>();
  // Set when the job has ended, before its gateway may be.
  private volatile org.anabranch.proto.v1.JobStatus last;

  /**
   * Begins to watch a job.
   *
   * @param collected takes the records of the collect operators
   * @param keepAlive whether this process shall stay until the job has ended
   * @param onEnd run once the job has ended and all it printed was passed on
   */
  GatewayJob(
      GatewayChannel gateway,
      String id,
      String name,
      CollectedRecords collected,
      boolean keepAlive,
      Runnable onEnd) {
    this.gateway = gateway;
    this.collected = collected;
    // Known from the beginning: a gateway of this process ends with its last job.
    this.plan =
        gateway.blocking().explain(ExplainRequest.newBuilder().setJobId(id).build()).getPlan();
    this.id = id;
    this.name = name;
    Thread lines = new Thread(this::passOnLines, "anabranch-lines-" + id);
    lines.setDaemon(true);
    lines.start();
    Thread watch = new Thread(() -> watch(lines, onEnd), "anabranch-job-" + id);
    watch.setDaemon(!keepAlive);
    watch.start();
  }

  @Override
  public String getId() {
    return id;
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public JobState getState() {
    return StatusTranslator.state(ask());
  }

  @Override
  public JobStatus getStatus() {
    return StatusTranslator.status(ask());
  }

  @Override
  public String explain() {
    return plan;
  }

  @Override
  public List<Object> getCollected(int operatorId) {
    if (last == null) {
      throw new IllegalStateException("job %s has not finished".formatted(name));
    }
    return collected.of(operatorId);
  }

  @Override
  public void await() throws InterruptedException {
    try {
      conclude(end.get());
    } catch (ExecutionException e) {
      throw gone(e.getCause());
    }
  }

  @Override
  public void await(Duration timeout) throws InterruptedException, TimeoutException {
    try {
      conclude(end.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      throw new TimeoutException("job %s has not ended within %s".formatted(name, timeout));
    } catch (ExecutionException e) {
      throw gone(e.getCause());
    }
  }

  @Override
  public void cancel() {
    unlessEnded(() -> gateway.blocking().cancel(CancelRequest.newBuilder().setJobId(id).build()));
  }

  private org.anabranch.proto.v1.JobStatus ask() {
    return unlessEnded(
        () -> gateway.blocking().getStatus(StatusRequest.newBuilder().setJobId(id).build()));
  }

  /** Creates a call, or returns the last status: a gateway of our own ends with its last job. */
  private org.anabranch.proto.v1.JobStatus unlessEnded(
      Supplier<org.anabranch.proto.v1.JobStatus> call) {
    if (last != null) {
      return last;
    }
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      if (last != null) {
        return last;
      }
      throw gone(e);
    }
  }

  private void watch(Thread lines, Runnable onEnd) {
    WaitRequest request = WaitRequest.newBuilder().setJobId(id).setTimeoutMs(ASK_MILLIS).build();
    try {
      var status = gateway.blocking().wait(request);
      while (!StatusTranslator.state(status).hasEnded()) {
        status = gateway.blocking().wait(request);
      }
      JobFailedException unreadable = null;
      if (StatusTranslator.state(status) == JobState.FINISHED) {
        unreadable = readCollected();
      }
      lines.join(LINES_MILLIS); // what was printed before the end is shown before the end is told
      last = status;
      onEnd.run();
      if (unreadable == null) {
        end.complete(status);
      } else {
        end.completeExceptionally(unreadable);
      }
    } catch (StatusRuntimeException e) {
      end.completeExceptionally(e);
    } catch (InterruptedException e) {
      end.completeExceptionally(e);
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) { // else whoever waits would wait for ever
      end.completeExceptionally(e);
      throw e;
    }
  }

  /** Returns null, or what the owner of the job is to be told. */
  private JobFailedException readCollected() {
    try {
      collected.read(gateway, id);
      return null;
    } catch (StatusRuntimeException e) {
      throw e;
    } catch (RuntimeException e) { // a class of the records is not here, or its constructor throws
      return unreadable(e.getMessage(), e);
    } catch (Error e) { // most often, there is not enough memory
      collected.drop();
      return unreadable(e.toString(), e);
    }
  }

  private JobFailedException unreadable(String why, Throwable cause) {
    return new JobFailedException(
        "job %s has finished, but what it has collected cannot be read in this program: %s"
            .formatted(name, why),
        cause);
  }

  private void passOnLines() {
    LogsRequest request = LogsRequest.newBuilder().setJobId(id).setFollow(true).build();
    try {
      Iterator<LogLine> all = gateway.unlimited().logs(request);
      while (all.hasNext()) {
        LogLine line = all.next();
        PrintStream target = line.getStream().equals("stderr") ? System.err : System.out;
        target.println(line.getLine());
      }
    } catch (StatusRuntimeException e) {
      // The gateway has ended; whoever waits for the job is told.
    }
  }

  private void conclude(org.anabranch.proto.v1.JobStatus status) {
    switch (StatusTranslator.state(status)) {
      case FAILED -> throw new JobFailedException(status.getMessage(), null, code(status));
      case CANCELLED -> throw new JobCancelledException("job %s was cancelled".formatted(name));
      default -> {
        // It has finished.
      }
    }
  }

  private static String code(org.anabranch.proto.v1.JobStatus status) {
    if (!status.hasError()) {
      return ErrorCode.JOB_FAILED;
    }
    return status.getError().getKind() == TaskError.Kind.KIND_NONDETERMINISM
        ? ErrorCode.REPLAY_DIVERGED
        : ErrorCode.FUNCTION_FAILED;
  }

  private JobFailedException gone(Throwable why) {
    if (why instanceof JobFailedException known) {
      return known;
    }
    String message = "the gateway of job %s is gone: %s".formatted(name, why.getMessage());
    return new JobFailedException(message, why);
  }
}
