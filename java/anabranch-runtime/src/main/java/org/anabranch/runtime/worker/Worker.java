package org.anabranch.runtime.worker;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.JobSetup;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.TaskDeployed;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.TaskStatus;
import org.anabranch.proto.v1.WorkerFailed;
import org.anabranch.proto.v1.WorkerHello;
import org.anabranch.proto.v1.WorkerMessage;
import org.anabranch.proto.v1.WorkerReport;
import org.anabranch.runtime.control.ControlClient;

/**
 * Does what the job master says and reports what its tasks do, from the master's first message to
 * the end of the control stream, which is the end of this process too: no JVM outlives its master.
 */
public final class Worker implements ControlClient.Handler, TaskListener {
  private static final long STOP_MILLIS = 1000;
  // Flushing output to a driver that does not read may block; the end comes all the same.
  private static final long LAST_RESORT_MILLIS = 3000;

  private final byte[] token;
  private final IntConsumer exit;
  private final ControlClient control;
  private final Map<Integer, Task> tasks = new ConcurrentHashMap<>();
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private volatile JobContext job;

  private Worker(String workerId, String master, String tokenHex, IntConsumer exit) {
    this.token = HexFormat.of().parseHex(tokenHex);
    this.exit = exit;
    this.timer = new ScheduledThreadPoolExecutor(1, work -> daemon(work, "anabranch-timer"));
    this.control = new ControlClient(master, tokenHex, this);
    control.send(WorkerMessage.newBuilder().setHello(hello(workerId)).build());
  }

  /**
   * Starts a worker: dials the master and returns.
   *
   * @param master {@code host:port} of the job master
   * @param tokenHex the job's token, as hex digits
   * @param exit ends the process with an exit code; 0 if the master has said shutdown
   */
  public static Worker start(String workerId, String master, String tokenHex, IntConsumer exit) {
    return new Worker(workerId, master, tokenHex, exit);
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  private static WorkerHello hello(String workerId) {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "localhost";
    }
    return WorkerHello.newBuilder()
        .setWorkerId(workerId)
        .setLanguage(Language.LANGUAGE_JAVA)
        .setPid((int) ProcessHandle.current().pid())
        .setHost(host)
        .build();
  }

  // ---------------------------------------------------------------- from the master

  @Override
  public void handle(MasterMessage message) {
    try {
      switch (message.getMessageCase()) {
        case SETUP -> setUp(message.getSetup());
        case DEPLOY_TASK -> deploy(message.getDeployTask());
        case CONNECT_TASK ->
            task(message.getConnectTask().getTaskId())
                .connect(message.getConnectTask().getProducersList());
        case CANCEL_TASKS -> cancel(message.getCancelTasks().getTaskIdsList());
        case SHUTDOWN -> stop(0);
        case COLLECTED_ACK, MESSAGE_NOT_SET ->
            throw new IllegalArgumentException(
                "a Java worker cannot handle a message of kind " + message.getMessageCase());
      }
    } catch (RuntimeException | LinkageError e) {
      fail(e);
    }
  }

  @Override
  public void disconnected(String reason) {
    if (!stopping.get()) {
      System.err.println("the worker ends, for its master is gone: " + reason);
    }
    stop(1);
  }

  private void setUp(JobSetup setup) {
    job = JobContext.of(setup, token);
    long interval = job.options().number("anabranch.report.interval-ms");
    timer.scheduleAtFixedRate(this::reportSafely, interval, interval, TimeUnit.MILLISECONDS);
  }

  private void deploy(TaskDescriptor descriptor) {
    Task task = new Task(descriptor, job, this);
    tasks.put(descriptor.getTaskId(), task);
    task.start();
  }

  private Task task(int id) {
    Task task = tasks.get(id);
    if (task == null) {
      throw new IllegalArgumentException("the master names task " + id + ", which is not mine");
    }
    return task;
  }

  private void cancel(List<Integer> ids) {
    List<Task> chosen =
        ids.isEmpty() ? List.copyOf(tasks.values()) : ids.stream().map(this::task).toList();
    chosen.forEach(Task::cancel);
    int timeout = job.options().number("anabranch.cancel.timeout-ms");
    timer.schedule(() -> checkStopped(chosen, timeout), timeout, TimeUnit.MILLISECONDS);
  }

  /** A thread cannot be ended from outside, so one that goes on takes the whole process with it. */
  private void checkStopped(List<Task> cancelled, int timeout) {
    for (Task task : cancelled) {
      if (task.thread().isAlive()) {
        StackTraceElement[] frames = task.thread().getStackTrace();
        String summary =
            "task %s did not stop within %d ms (anabranch.cancel.timeout-ms); it is at %s"
                .formatted(task.descriptor().getName(), timeout, StackTraces.userPlace(frames));
        System.err.println(summary + "; the JVM ends");
        String trace = String.join("\n", Arrays.stream(frames).map(String::valueOf).toList());
        sendFailed(summary, trace);
        stop(1);
        return;
      }
    }
  }

  // ---------------------------------------------------------------- from the tasks

  @Override
  public void deployed(Task task, Endpoint endpoint) {
    TaskDeployed.Builder deployed =
        TaskDeployed.newBuilder()
            .setTaskId(task.descriptor().getTaskId())
            .setIncarnation(task.descriptor().getIncarnation());
    if (endpoint != null) {
      deployed.setEndpoint(endpoint);
    }
    control.send(WorkerMessage.newBuilder().setTaskDeployed(deployed).build());
  }

  @Override
  public void entered(Task task, Lifecycle state, TaskError error) {
    if (state.hasEnded()) {
      report(); // the last counters go before the last state
    }
    TaskStatus.Builder status =
        TaskStatus.newBuilder()
            .setTaskId(task.descriptor().getTaskId())
            .setIncarnation(task.descriptor().getIncarnation())
            .setState(state.wire());
    if (error != null) {
      status.setError(error);
    }
    control.send(WorkerMessage.newBuilder().setTaskStatus(status).build());
  }

  // ---------------------------------------------------------------- to the master

  private void report() {
    WorkerReport.Builder report = WorkerReport.newBuilder();
    for (Task task : tasks.values()) {
      report.addTasks(task.report());
    }
    control.send(WorkerMessage.newBuilder().setReport(report).build());
  }

  private void reportSafely() {
    try {
      report();
    } catch (RuntimeException e) {
      fail(e); // without it the timer would stop in silence, and the master would think us hung
    }
  }

  private void fail(Throwable error) {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace));
    sendFailed(String.valueOf(error.getMessage()), trace.toString());
  }

  private void sendFailed(String summary, String trace) {
    WorkerFailed failed = WorkerFailed.newBuilder().setSummary(summary).setTrace(trace).build();
    control.send(WorkerMessage.newBuilder().setFailed(failed).build());
  }

  // ---------------------------------------------------------------- end

  /** Cancels what still runs, gives it a moment, and ends the process. */
  private void stop(int code) {
    if (!stopping.compareAndSet(false, true)) {
      return;
    }
    daemon(() -> lastResort(code), "anabranch-last-resort").start();
    daemon(() -> stopTasks(code), "anabranch-stop").start();
  }

  private void stopTasks(int code) {
    tasks.values().forEach(Task::cancel);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
    try {
      for (Task task : tasks.values()) {
        task.awaitEnd(TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    timer.shutdownNow();
    control.close();
    System.out.flush();
    System.err.flush();
    exit.accept(code);
  }

  private void lastResort(int code) {
    try {
      Thread.sleep(LAST_RESORT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exit.accept(code);
  }
}
