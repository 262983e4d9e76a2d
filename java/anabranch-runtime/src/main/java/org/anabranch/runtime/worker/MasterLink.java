package org.anabranch.runtime.worker;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.PrintedLine;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskCommitted;
import org.anabranch.proto.v1.TaskDeployed;
import org.anabranch.proto.v1.TaskSnapshot;
import org.anabranch.proto.v1.TaskStatus;
import org.anabranch.proto.v1.WorkerFailed;
import org.anabranch.proto.v1.WorkerHello;
import org.anabranch.proto.v1.WorkerMessage;
import org.anabranch.proto.v1.WorkerReport;
import org.anabranch.runtime.control.ControlClient;
import org.anabranch.runtime.process.OpenFiles;

/**
 * What a worker tells its master, and what it would have to tell another one: the stream to the
 * master, the state of each task, and all that no master has confirmed. What is sent changes
 * together with what is kept, under one lock. Used from any thread.
 */
final class MasterLink {
  // Lines that are sent again to a master that has come back.
  private static final int KEPT_LINES = 1000;

  private final String workerId;
  private final String tokenHex;
  private final ControlClient.Handler handler;
  private final Map<Integer, TaskSnapshot.Builder> tasks = new HashMap<>();
  private final Deque<PrintedLine> lastLines = new ArrayDeque<>();
  // By task, as far as it is not complete.
  private final Map<Integer, TaskCheckpoint> lastCheckpoints = new HashMap<>();
  // By task, as far as the master has not acknowledged it.
  private final Map<Integer, Deque<CollectedBatch>> collected = new HashMap<>();
  private long printedLines;
  private boolean isSetUp;
  private ControlClient control;

  MasterLink(String workerId, String tokenHex, ControlClient.Handler handler) {
    this.workerId = workerId;
    this.tokenHex = tokenHex;
    this.handler = handler;
  }

  /**
   * Dials a master and tells it what the tasks are doing; the stream to the one before is closed.
   *
   * @param master {@code host:port}
   */
  void dial(String master) {
    ControlClient old;
    synchronized (this) {
      old = control;
      control = new ControlClient(master, tokenHex, handler);
      send(WorkerMessage.newBuilder().setHello(hello()));
      collected.values().forEach(batches -> batches.forEach(this::sendCollected));
      lastLines.forEach(this::sendPrinted);
      lastCheckpoints.values().forEach(this::sendCheckpoint);
    }
    if (old != null) {
      old.close();
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
        .setSetUp(isSetUp)
        .addAllTasks(tasks.values().stream().map(TaskSnapshot.Builder::build).toList())
        .build();
  }

  /** Returns whether this is the stream to the newest master. */
  synchronized boolean isCurrent(ControlClient client) {
    return client == control;
  }

  /** Closes the stream, once what was sent is on its way. */
  void close() {
    ControlClient last;
    synchronized (this) {
      last = control;
    }
    last.close();
  }

  // ---------------------------------------------------------------- what masters are told

  /** The worker has its set-up. */
  synchronized void setUp() {
    isSetUp = true;
  }

  /** A task is there, in place of an older incarnation. Nothing is sent. */
  synchronized void created(TaskStatus status) {
    tasks.put(status.getTaskId(), TaskSnapshot.newBuilder().setStatus(status));
  }

  /** A task was told where its producers are. Nothing is sent. */
  synchronized void connected(int taskId) {
    tasks.get(taskId).setConnected(true);
  }

  synchronized void deployed(TaskDeployed deployed) {
    if (isNewest(deployed.getTaskId(), deployed.getIncarnation())) {
      tasks.get(deployed.getTaskId()).setDeployed(deployed);
    }
    send(WorkerMessage.newBuilder().setTaskDeployed(deployed));
  }

  synchronized void entered(TaskStatus status) {
    if (isNewest(status.getTaskId(), status.getIncarnation())) {
      tasks.get(status.getTaskId()).setStatus(status);
    }
    send(WorkerMessage.newBuilder().setTaskStatus(status));
  }

  /** Returns false for a task that another incarnation has replaced. */
  private boolean isNewest(int taskId, int incarnation) {
    return tasks.get(taskId).getStatus().getIncarnation() == incarnation;
  }

  synchronized void collected(CollectedBatch batch) {
    collected.computeIfAbsent(batch.getTaskId(), id -> new ArrayDeque<>()).add(batch);
    sendCollected(batch);
  }

  /** The master has all batches of a task up to this one. */
  synchronized void acknowledged(int taskId, long seq) {
    Deque<CollectedBatch> batches = collected.getOrDefault(taskId, new ArrayDeque<>());
    while (!batches.isEmpty() && batches.peek().getSeq() <= seq) {
      batches.remove();
    }
  }

  synchronized void checkpoint(TaskCheckpoint taken) {
    // Its file may have been written while another incarnation came into the task's place.
    if (isNewest(taken.getTaskId(), taken.getIncarnation())) {
      lastCheckpoints.put(taken.getTaskId(), taken);
      sendCheckpoint(taken);
    }
  }

  synchronized void committed(TaskCommitted committed) {
    TaskCheckpoint last = lastCheckpoints.get(committed.getTaskId());
    if (last != null && last.getSnapshot().getNumber() <= committed.getNumber()) {
      lastCheckpoints.remove(committed.getTaskId());
    }
    send(WorkerMessage.newBuilder().setCommitted(committed));
  }

  /**
   * Passes on a line that this process has printed.
   *
   * @param stream "stdout" or "stderr"
   * @param line without its end
   * @param task the task that has printed it, or empty
   */
  synchronized void printed(String stream, String line, String task) {
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
    sendPrinted(printed);
  }

  synchronized void report(WorkerReport report) {
    send(WorkerMessage.newBuilder().setReport(report));
  }

  synchronized void failed(String summary, String trace) {
    WorkerFailed failed = WorkerFailed.newBuilder().setSummary(summary).setTrace(trace).build();
    send(WorkerMessage.newBuilder().setFailed(failed));
  }

  private void sendCollected(CollectedBatch batch) {
    send(WorkerMessage.newBuilder().setCollected(batch));
  }

  private void sendPrinted(PrintedLine line) {
    send(WorkerMessage.newBuilder().setPrinted(line));
  }

  private void sendCheckpoint(TaskCheckpoint taken) {
    send(WorkerMessage.newBuilder().setCheckpoint(taken));
  }

  private void send(WorkerMessage.Builder message) {
    control.send(message.build());
  }
}
