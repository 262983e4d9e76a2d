package org.anabranch.runtime.worker;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.ConnectTask;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.JobSetup;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskCommitted;
import org.anabranch.proto.v1.TaskDeployed;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.TaskStatus;
import org.anabranch.proto.v1.TriggerCheckpoint;
import org.anabranch.proto.v1.WorkerReport;
import org.anabranch.runtime.control.ControlClient;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.task.Lifecycle;
import org.anabranch.runtime.task.Task;
import org.anabranch.runtime.task.TaskListener;
import org.anabranch.runtime.text.ErrorText;
import org.anabranch.runtime.text.StackTraces;

/**
 * Does what the job master says and reports what its tasks do, from the master's first message to
 * the end of the control stream, which is the end of this process too: no JVM outlives its master.
 * Where a master can come back, the tasks keep running without one for a while, and {@link
 * #reconnect} says where it is.
 */
public final class Worker implements TaskListener {
  private static final int NO_TIMEOUT_MILLIS = 30_000;
  private static final long STOP_MILLIS = 1000;
  // Flushing output to a driver that does not read may block; the end comes all the same.
  private static final long LAST_RESORT_MILLIS = 3000;

  private final String tokenHex;
  private final IntConsumer exit;
  private final Map<Integer, Task> tasks = new ConcurrentHashMap<>();
  private final MasterLink master;
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private volatile JobContext job;

  private Worker(String workerId, String master, String tokenHex, IntConsumer exit) {
    this.tokenHex = tokenHex;
    this.exit = exit;
    this.timer = new ScheduledThreadPoolExecutor(1, work -> daemon(work, "anabranch-timer"));
    this.master = new MasterLink(workerId, tokenHex, new Connection());
    reconnect(master);
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

  /**
   * Dials the master, which is a new one or has come back somewhere else, and tells it what the
   * tasks are doing.
   *
   * @param address {@code host:port}
   */
  public void reconnect(String address) {
    master.dial(address);
  }

  /**
   * Passes a line that this process has printed on to the master, for a process that has no pipe to
   * it.
   *
   * @param stream "stdout" or "stderr"
   * @param line without its end
   */
  public void printed(String stream, String line) {
    String task = "";
    for (Task each : tasks.values()) {
      if (each.thread() == Thread.currentThread()) {
        task = each.descriptor().getName();
      }
    }
    master.printed(stream, line, task);
  }

  // ---------------------------------------------------------------- from the master

  /** One stream; what comes from any but the newest is of no interest any more. */
  private final class Connection implements ControlClient.Handler {
    @Override
    public void handle(MasterMessage message) {
      Worker.this.handle(message);
    }

    @Override
    public void disconnected(ControlClient client, String reason) {
      if (!master.isCurrent(client) || stopping.get()) {
        return;
      }
      long patience = job == null ? 0 : job.reconnectMillis();
      if (patience == 0) {
        System.err.println("the worker ends, for its master is gone: " + reason);
        stop(1);
      } else {
        timer.schedule(() -> endIfStillAlone(client, patience), patience, TimeUnit.MILLISECONDS);
      }
    }
  }

  private void endIfStillAlone(ControlClient lost, long patience) {
    if (!master.isCurrent(lost)) {
      return;
    }
    System.err.println("the worker ends, for its master has not come back in " + patience + " ms");
    stop(1);
  }

  private void handle(MasterMessage message) {
    try {
      switch (message.getMessageCase()) {
        case SETUP -> setUp(message.getSetup());
        case DEPLOY_TASK -> deploy(message.getDeployTask());
        case CONNECT_TASK -> connect(message.getConnectTask());
        case CANCEL_TASKS -> cancel(named(message.getCancelTasks().getTaskIdsList()));
        case SHUTDOWN -> stop(0);
        case TRIGGER_CHECKPOINT -> trigger(message.getTriggerCheckpoint());
        case CHECKPOINT_COMPLETED ->
            tasks
                .values()
                .forEach(task -> task.completed(message.getCheckpointCompleted().getNumber()));
        case COLLECTED_ACK ->
            acknowledgeCollected(
                message.getCollectedAck().getTaskId(), message.getCollectedAck().getSeq());
        case MESSAGE_NOT_SET ->
            throw new IllegalArgumentException(
                "a Java worker cannot handle a message of kind " + message.getMessageCase());
      }
    } catch (Throwable t) { // loading a user's class may throw anything
      fail(t);
    }
  }

  private void trigger(TriggerCheckpoint trigger) {
    for (int id : trigger.getTaskIdsList()) {
      Task task = tasks.get(id);
      if (task != null) { // the ids are those of all workers
        task.trigger(trigger.getNumber());
      }
    }
  }

  private void acknowledgeCollected(int taskId, long seq) {
    master.acknowledged(taskId, seq);
    Task task = tasks.get(taskId);
    if (task != null) { // else it is about to be deployed here, and this was for the one before it
      task.acknowledgeCollected(seq);
    }
  }

  private void setUp(JobSetup setup) {
    job = JobContext.of(setup, HexFormat.of().parseHex(tokenHex));
    master.setUp();
    long interval = job.options().number("anabranch.report.interval-ms");
    long patience = job.options().longNumber("anabranch.heartbeat.timeout-ms");
    long silence =
        TimeUnit.MILLISECONDS.toNanos((patience == 0 ? NO_TIMEOUT_MILLIS : patience) / 4);
    Reports reports = new Reports(silence);
    timer.scheduleAtFixedRate(
        () -> reportSafely(reports), interval, interval, TimeUnit.MILLISECONDS);
  }

  private void deploy(TaskDescriptor descriptor) {
    Task before = tasks.get(descriptor.getTaskId());
    if (before != null && before.descriptor().getIncarnation() >= descriptor.getIncarnation()) {
      return; // it was sent twice, or came late: this task is there, or its successor
    }
    Task task = new Task(descriptor, job, this);
    tasks.put(descriptor.getTaskId(), task);
    if (before != null) {
      cancel(List.of(before));
      task.succeed(before);
    }
    master.created(status(descriptor).setState(Lifecycle.CREATED.wire()).build());
    task.start();
  }

  private void connect(ConnectTask connect) {
    Task task = task(connect.getTaskId());
    master.connected(connect.getTaskId());
    task.connect(connect.getProducersList());
  }

  private Task task(int id) {
    Task task = tasks.get(id);
    if (task == null) {
      throw new IllegalArgumentException("unknown task " + id + ": not deployed on this worker");
    }
    return task;
  }

  private List<Task> named(List<Integer> ids) {
    return ids.isEmpty() ? List.copyOf(tasks.values()) : ids.stream().map(this::task).toList();
  }

  private void cancel(List<Task> chosen) {
    if (chosen.isEmpty()) {
      return;
    }
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
        if (!job.recovery().recovers()) {
          master.failed(summary, trace);
        } // else others go on with its tasks
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
    master.deployed(deployed.build());
  }

  @Override
  public void entered(Task task, Lifecycle state, TaskError error) {
    try {
      if (state.hasEnded()) {
        master.report(Reports.on(tasks.values())); // the last counters go before the last state
      }
      sendStatus(task, state, error);
    } catch (RuntimeException e) {
      fail(e); // the job would run on without the task
    }
  }

  private void sendStatus(Task task, Lifecycle state, TaskError error) {
    TaskStatus.Builder status = status(task.descriptor()).setState(state.wire());
    if (error != null) {
      status.setError(error);
    }
    master.entered(status.build());
  }

  @Override
  public void collected(CollectedBatch batch) {
    master.collected(batch);
  }

  @Override
  public void checkpoint(Task task, TaskCheckpoint checkpoint) {
    master.checkpoint(checkpoint);
  }

  @Override
  public void committed(Task task, long checkpoint) {
    master.committed(
        TaskCommitted.newBuilder()
            .setTaskId(task.descriptor().getTaskId())
            .setNumber(checkpoint)
            .build());
  }

  private static TaskStatus.Builder status(TaskDescriptor descriptor) {
    return TaskStatus.newBuilder()
        .setTaskId(descriptor.getTaskId())
        .setIncarnation(descriptor.getIncarnation());
  }

  // ---------------------------------------------------------------- to the master

  /** Where nothing moves, an unchanged report is repeated only as a heartbeat. */
  private void reportSafely(Reports reports) {
    try {
      tasks.values().forEach(Worker::requireThread);
      WorkerReport report = reports.due(System.nanoTime(), tasks.values());
      if (report != null) {
        master.report(report);
      }
    } catch (RuntimeException e) {
      fail(e); // without it the timer would stop in silence, and the master would think us hung
    }
  }

  /** Nobody else would notice a task whose thread has ended without a word. */
  static void requireThread(Task task) {
    if (task.thread().getState() == Thread.State.TERMINATED && !task.state().hasEnded()) {
      throw new IllegalStateException(
          "the thread of task %s has ended without a report"
              .formatted(task.descriptor().getName()));
    }
  }

  private void fail(Throwable error) {
    master.failed(ErrorText.message(error), StackTraces.whole(error));
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
    if (job != null) {
      job.snapshots().close();
    }
    LineOutput.finishAllLines();
    master.close();
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
