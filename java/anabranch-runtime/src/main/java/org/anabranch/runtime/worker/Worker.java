package org.anabranch.runtime.worker;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
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
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.PrintedLine;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskCommitted;
import org.anabranch.proto.v1.TaskDeployed;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.TaskSnapshot;
import org.anabranch.proto.v1.TaskStatus;
import org.anabranch.proto.v1.TriggerCheckpoint;
import org.anabranch.proto.v1.WorkerFailed;
import org.anabranch.proto.v1.WorkerHello;
import org.anabranch.proto.v1.WorkerMessage;
import org.anabranch.proto.v1.WorkerReport;
import org.anabranch.runtime.control.ControlClient;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.process.OpenFiles;
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
  // Lines that are sent again to a master that has come back.
  private static final int KEPT_LINES = 1000;
  // Flushing output to a driver that does not read may block; the end comes all the same.
  private static final long LAST_RESORT_MILLIS = 3000;

  private final String workerId;
  private final String tokenHex;
  private final IntConsumer exit;
  private final Map<Integer, Task> tasks = new ConcurrentHashMap<>();
  // What is sent changes together with what a new master would be told; both under this lock.
  private final Object sending = new Object();
  private final Map<Integer, TaskSnapshot.Builder> snapshots = new HashMap<>();
  private final Deque<PrintedLine> lastLines = new ArrayDeque<>();
  // By task, as far as it is not complete: sent again to a master that has come back.
  private final Map<Integer, TaskCheckpoint> lastCheckpoints = new HashMap<>();
  // By task, as far as the master has not acknowledged it.
  private final Map<Integer, Deque<CollectedBatch>> collected = new HashMap<>();
  private long printedLines;
  private ControlClient control;
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicBoolean stopping = new AtomicBoolean();
  // Of the timer's thread.
  private WorkerReport lastReport;
  private long reportedAt;
  private volatile JobContext job;

  private Worker(String workerId, String master, String tokenHex, IntConsumer exit) {
    this.workerId = workerId;
    this.tokenHex = tokenHex;
    this.exit = exit;
    this.timer = new ScheduledThreadPoolExecutor(1, work -> daemon(work, "anabranch-timer"));
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
   * @param master {@code host:port}
   */
  public void reconnect(String master) {
    ControlClient old;
    synchronized (sending) {
      old = control;
      control = new ControlClient(master, tokenHex, new Connection());
      control.send(WorkerMessage.newBuilder().setHello(hello()).build());
      for (Deque<CollectedBatch> batches : collected.values()) {
        for (CollectedBatch batch : batches) {
          control.send(WorkerMessage.newBuilder().setCollected(batch).build());
        }
      }
      for (PrintedLine line : lastLines) {
        control.send(WorkerMessage.newBuilder().setPrinted(line).build());
      }
      for (TaskCheckpoint taken : lastCheckpoints.values()) {
        control.send(WorkerMessage.newBuilder().setCheckpoint(taken).build());
      }
    }
    if (old != null) {
      old.close();
    }
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
    synchronized (sending) {
      PrintedLine printed =
          PrintedLine.newBuilder()
              .setSeq(++printedLines)
              .setStream(stream)
              .setLine(line)
              .setTask(task)
              .build();
      lastLines.add(printed);
      if (lastLines.size() > KEPT_LINES) {
        lastLines.remove();
      }
      control.send(WorkerMessage.newBuilder().setPrinted(printed).build());
    }
  }

  private WorkerHello hello() {
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
        .setMaxOpenFiles(OpenFiles.limit())
        .setSetUp(job != null)
        .addAllTasks(snapshots.values().stream().map(TaskSnapshot.Builder::build).toList())
        .build();
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
      synchronized (sending) {
        if (client != control || stopping.get()) {
          return;
        }
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
    synchronized (sending) {
      if (lost != control) {
        return;
      }
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
        task.trigger(trigger.getNumber(), trigger.getTimestampMs());
      }
    }
  }

  private void acknowledgeCollected(int taskId, long seq) {
    synchronized (sending) {
      Deque<CollectedBatch> batches = collected.getOrDefault(taskId, new ArrayDeque<>());
      while (!batches.isEmpty() && batches.peek().getSeq() <= seq) {
        batches.remove();
      }
    }
    Task task = tasks.get(taskId);
    if (task != null) { // else it is about to be deployed here, and this was for the one before it
      task.acknowledgeCollected(seq);
    }
  }

  private void setUp(JobSetup setup) {
    job = JobContext.of(setup, HexFormat.of().parseHex(tokenHex));
    long interval = job.options().number("anabranch.report.interval-ms");
    long patience = job.options().longNumber("anabranch.heartbeat.timeout-ms");
    long silence =
        TimeUnit.MILLISECONDS.toNanos((patience == 0 ? NO_TIMEOUT_MILLIS : patience) / 4);
    timer.scheduleAtFixedRate(
        () -> reportSafely(silence), interval, interval, TimeUnit.MILLISECONDS);
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
    synchronized (sending) {
      TaskStatus.Builder created = status(descriptor).setState(Lifecycle.CREATED.wire());
      snapshots.put(descriptor.getTaskId(), TaskSnapshot.newBuilder().setStatus(created));
    }
    task.start();
  }

  private void connect(ConnectTask connect) {
    Task task = task(connect.getTaskId());
    synchronized (sending) {
      snapshots.get(connect.getTaskId()).setConnected(true);
    }
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
          sendFailed(summary, trace);
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
    synchronized (sending) {
      if (isNewest(task)) {
        snapshots.get(deployed.getTaskId()).setDeployed(deployed);
      }
      control.send(WorkerMessage.newBuilder().setTaskDeployed(deployed).build());
    }
  }

  @Override
  public void entered(Task task, Lifecycle state, TaskError error) {
    try {
      if (state.hasEnded()) {
        report(); // the last counters go before the last state
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
    synchronized (sending) {
      if (isNewest(task)) {
        snapshots.get(status.getTaskId()).setStatus(status);
      }
      control.send(WorkerMessage.newBuilder().setTaskStatus(status).build());
    }
  }

  /** Returns false for a task that another incarnation has replaced. */
  private boolean isNewest(Task task) {
    return tasks.get(task.descriptor().getTaskId()) == task;
  }

  @Override
  public void collected(CollectedBatch batch) {
    synchronized (sending) {
      collected.computeIfAbsent(batch.getTaskId(), id -> new ArrayDeque<>()).add(batch);
      control.send(WorkerMessage.newBuilder().setCollected(batch).build());
    }
  }

  @Override
  public void checkpoint(Task task, Snapshot snapshot) {
    TaskCheckpoint taken =
        TaskCheckpoint.newBuilder()
            .setTaskId(task.descriptor().getTaskId())
            .setIncarnation(task.descriptor().getIncarnation())
            .setSnapshot(snapshot)
            .build();
    synchronized (sending) {
      lastCheckpoints.put(taken.getTaskId(), taken);
      control.send(WorkerMessage.newBuilder().setCheckpoint(taken).build());
    }
  }

  @Override
  public void committed(Task task, long checkpoint) {
    TaskCommitted committed =
        TaskCommitted.newBuilder()
            .setTaskId(task.descriptor().getTaskId())
            .setNumber(checkpoint)
            .build();
    synchronized (sending) {
      lastCheckpoints
          .values()
          .removeIf(
              taken ->
                  taken.getTaskId() == committed.getTaskId()
                      && taken.getSnapshot().getNumber() <= checkpoint);
      control.send(WorkerMessage.newBuilder().setCommitted(committed).build());
    }
  }

  private static TaskStatus.Builder status(TaskDescriptor descriptor) {
    return TaskStatus.newBuilder()
        .setTaskId(descriptor.getTaskId())
        .setIncarnation(descriptor.getIncarnation());
  }

  // ---------------------------------------------------------------- to the master

  private WorkerReport makeReport() {
    WorkerReport.Builder report = WorkerReport.newBuilder();
    // Consumers before their producers, whose numbers are lower: so nothing seems to have taken
    // more than was emitted, though the tasks run on meanwhile.
    tasks.entrySet().stream()
        .sorted(Map.Entry.<Integer, Task>comparingByKey().reversed())
        .forEach(task -> report.addTasks(task.getValue().report()));
    return report.build();
  }

  private void report() {
    send(WorkerMessage.newBuilder().setReport(makeReport()));
  }

  /** Where nothing moves, an unchanged report is repeated only as a heartbeat. */
  private void reportSafely(long silenceNanos) {
    try {
      tasks.values().forEach(Worker::requireThread);
      WorkerReport report = makeReport();
      long now = System.nanoTime();
      if (!report.equals(lastReport) || now - reportedAt >= silenceNanos) {
        lastReport = report;
        reportedAt = now;
        send(WorkerMessage.newBuilder().setReport(report));
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
    sendFailed(ErrorText.message(error), StackTraces.whole(error));
  }

  private void sendFailed(String summary, String trace) {
    WorkerFailed failed = WorkerFailed.newBuilder().setSummary(summary).setTrace(trace).build();
    send(WorkerMessage.newBuilder().setFailed(failed));
  }

  private void send(WorkerMessage.Builder message) {
    synchronized (sending) {
      control.send(message.build());
    }
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
    ControlClient last;
    synchronized (sending) {
      last = control;
    }
    LineOutput.finishAllLines();
    last.close();
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
