package org.anabranch.runtime.task;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.graph.SourcePosition;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorCounters;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.TaskReport;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.wire.CancelledException;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.operator.OperatorChain;
import org.anabranch.runtime.operator.OperatorFailure;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.replay.RecoveryException;
import org.anabranch.runtime.state.Payloads;
import org.anabranch.runtime.task.run.Choices;
import org.anabranch.runtime.task.run.Run;
import org.anabranch.runtime.task.run.RunningTask;
import org.anabranch.runtime.text.ErrorText;

/**
 * A chain of operators at one parallel index: one loop on one thread, in which everything happens
 * between two batches.
 *
 * <p>{@link #start}, {@link #connect}, {@link #cancel}, {@link #awaitEnd} and {@link #report} may
 * be called from any thread; everything else happens on the task's own.
 */
public final class Task {
  private static final int BATCHES_BITS = 40; // of an incarnation, that it collects
  private static final int LONGEST_CAUSE = 100; // a chain of causes may be a circle

  // In the middle of a batch: so long sockets are left alone, and what was emitted may wait to make
  // a full frame.
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long FLUSH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final TaskDescriptor descriptor;
  private final JobContext job;
  private final TaskListener listener;
  private final Thread thread;
  private final BusyWatch busyWatch;
  private final Run run;
  private final Queue<Runnable> mailbox = new ConcurrentLinkedQueue<>();
  private Task predecessor;
  private volatile Lifecycle state = Lifecycle.CREATED;
  private volatile boolean cancelled;
  private boolean ending;
  private volatile Exchange exchange;
  private volatile OperatorChain chain;
  // System.nanoTime() at which the batch at hand was begun; 0 while there is none.
  private volatile long busySince;
  private long flushedAt = System.nanoTime();
  // Of the batch at hand: its channel, and how many records had been handled at some time.
  private int channel;
  private int measured;
  private long measuredAt;

  // Batches that were collected, and those that the master has.
  private long collectedSeq;
  private volatile long collectedAcknowledged;

  public Task(TaskDescriptor descriptor, JobContext job, TaskListener listener) {
    this.descriptor = descriptor;
    this.collectedSeq = (long) descriptor.getIncarnation() << BATCHES_BITS;
    this.collectedAcknowledged = collectedSeq;
    this.job = job;
    this.listener = listener;
    this.thread = new Thread(this::run, "task-" + descriptor.getTaskId());
    thread.setDaemon(true);
    thread.setContextClassLoader(job.code().loader());
    this.busyWatch = new BusyWatch(thread, job.options().longNumber("anabranch.stall.warn-ms"));
    this.run = Run.of(new Running(), job);
  }

  public TaskDescriptor descriptor() {
    return descriptor;
  }

  public Lifecycle state() {
    return state;
  }

  public Thread thread() {
    return thread;
  }

  /** Has the thread wait for the incarnation before to end. To be called before {@link #start}. */
  public void succeed(Task before) {
    predecessor = before;
  }

  /** Starts the thread, which reports the task as deployed and waits for {@link #connect}. */
  public void start() {
    thread.start();
  }

  /** Has the task dial these producers, and run once it is connected to all of its own. */
  public void connect(List<Producer> producers) {
    run.connect(producers);
    wakeup();
  }

  /** Has the task take a checkpoint without a barrier; only with recovery. */
  public void trigger(long number) {
    mailbox.add(() -> run.trigger(number));
    wakeup();
  }

  /** Tells the task that the master has its collected batches up to this one. */
  public void acknowledgeCollected(long seq) {
    collectedAcknowledged = seq; // messages of one stream come in order
    wakeup();
  }

  /** Tells the task that everybody's part of a checkpoint is safe; only with recovery. */
  public void completed(long number) {
    run.completed(number);
    mailbox.add(run::commitCompleted);
    wakeup();
  }

  /** Stops the task: out of any wait at once, out of a batch before its next record. */
  public void cancel() {
    synchronized (this) {
      cancelled = true;
      if (!ending) {
        thread.interrupt(); // user code may be waiting for something of its own
      }
    }
    wakeup();
  }

  /** From now on nobody interrupts the thread: commits have to be made. */
  private synchronized void beginEnd() {
    ending = true;
    Thread.interrupted();
  }

  private void wakeup() {
    Exchange opened = exchange;
    if (opened != null) {
      opened.wakeup();
    }
  }

  /** Waits for the thread to end; returns false if it has not within {@code millis}. */
  public boolean awaitEnd(long millis) throws InterruptedException {
    thread.join(Math.max(1, millis));
    return !thread.isAlive();
  }

  // ---------------------------------------------------------------- life

  private void run() {
    Throwable failure = null;
    try {
      runToEnd();
    } catch (
        Throwable t) { // whatever user code throws, OutOfMemoryError included, ends the task only
      failure = t;
    }
    busySince = 0;
    beginEnd();
    try {
      end(failure);
    } catch (Throwable t) { // whatever it is, the master must not wait for this task for ever
      if (state != Lifecycle.FAILED) {
        fail(failure == null || cancelled ? t : failure);
      }
    }
  }

  /** Closes everything and tells the master how the task has ended. */
  private void end(Throwable failure) {
    if (failure != null && !cancelled) {
      // Before anything is closed: a close that hangs must not hide why the task has failed.
      fail(failure);
    }
    commitCompleted();
    release();
    LineOutput.finishLines();
    if (!state.hasEnded()) {
      enter(failure == null ? Lifecycle.FINISHED : Lifecycle.CANCELLED, null);
    }
  }

  /** A complete checkpoint is committed, whatever comes after it. */
  private void commitCompleted() {
    try {
      run.commitCompleted();
    } catch (Throwable t) { // a sink that cannot commit
      if (state != Lifecycle.FAILED) {
        fail(t);
      }
    }
  }

  private void fail(Throwable failure) {
    listener.entered(this, Lifecycle.FAILED, TaskErrors.of(failure, descriptor));
    state = Lifecycle.FAILED;
  }

  private void runToEnd() throws Throwable {
    if (predecessor != null) {
      predecessor.thread.join(); // a JVM in which it does not end by the cancel timeout is ended
      predecessor = null;
    }
    exchange = newExchange();
    chain = build();
    run.run(exchange, chain);
  }

  private Exchange newExchange() throws IOException {
    return new Exchange(
        job.exchange(),
        job.types(),
        descriptor,
        () -> cancelled,
        run.guarantee(),
        OperatorChain.refusals(descriptor));
  }

  private OperatorChain build() throws Throwable {
    OperatorChain built =
        OperatorChain.build(
            descriptor, job.functions(), new Host(run.choices()), run.takesCheckpoints());
    for (OutputEdge edge : descriptor.getOutputsList()) {
      exchange.addOutput(edge, built.partitionFunction(edge));
    }
    if (run.takesCheckpoints()) {
      warnOfWeakSource(built);
    }
    return built;
  }

  /** A source whose class was known at submit, an object of a Java program, was named there. */
  private void warnOfWeakSource(OperatorChain built) {
    Operator first = descriptor.getChain(0);
    if (built.source() != null
        && !built.source().savesPosition()
        && first.getFunction().hasJavaReference()
        && descriptor.getSubtask() == 0
        && !descriptor.hasRestore()) {
      System.err.println(SourcePosition.warning(first.getName()));
    }
  }

  /** What the task is to its operators. */
  private final class Host implements OperatorChain.Host {
    private final Choices choices;

    Host(Choices choices) {
      this.choices = choices;
    }

    @Override
    public RuntimeContext context(Operator operator) {
      return new TaskContext(descriptor, operator, job, choices);
    }

    @Override
    public void emit(Object key, Object value) throws Exception {
      exchange.output().emit(key, value);
    }

    @Override
    public void emitDeadLetter(Map<String, Object> letter) throws Exception {
      exchange.output().emitDeadLetter(letter);
    }

    /** User code may have wrapped what has come out of its context. */
    @Override
    public boolean endsTask(Throwable error) {
      Throwable cause = error;
      for (int i = 0; cause != null && i < LONGEST_CAUSE; i++, cause = ErrorText.cause(cause)) {
        if (cause instanceof RecoveryException || cause instanceof CancelledException) {
          return true;
        }
      }
      return cancelled;
    }

    @Override
    public void checkCancelled() {
      if (cancelled) {
        throw new CancelledException();
      }
    }

    @Override
    public void look(long now) {
      if (busySince != 0) {
        busySince = now;
      }
      measure(now);
      if (now - exchange.polledAt() >= POLL_NANOS) {
        exchange.poll(0);
      }
      if (now - flushedAt >= FLUSH_NANOS) {
        flushedAt = now;
        exchange.output().flush();
      }
    }

    @Override
    public void collected(int operatorId, FrameHeader header, ByteString payload) {
      listener.collected(
          CollectedBatch.newBuilder()
              .setTaskId(descriptor.getTaskId())
              .setOperatorId(operatorId)
              .setSeq(++collectedSeq)
              .setNRecords(header.getNRecords())
              .setHeader(header.toByteString())
              .setPayload(payload)
              .setIncarnation(descriptor.getIncarnation())
              .setEpoch(run.epoch())
              .build());
    }

    @Override
    public void awaitCollected() {
      int window = job.options().number("anabranch.collect.window-frames");
      while (collectedSeq - collectedAcknowledged > window) {
        exchange.await();
      }
    }

    @Override
    public String jobId() {
      return job.exchange().jobId();
    }
  }

  /** What the task is to its run. */
  private final class Running implements RunningTask {
    @Override
    public TaskDescriptor descriptor() {
      return descriptor;
    }

    @Override
    public void runMailbox() {
      for (Runnable mail = mailbox.poll(); mail != null; mail = mailbox.poll()) {
        mail.run();
      }
    }

    @Override
    public void handle(InputEvent.Records records) {
      Task.this.handle(records);
    }

    @Override
    public boolean fetch() {
      return Task.this.fetch();
    }

    @Override
    public void listen() throws IOException {
      Endpoint endpoint = descriptor.getOutputsCount() == 0 ? null : exchange.listen();
      listener.deployed(Task.this, endpoint);
    }

    @Override
    public void running() {
      enter(Lifecycle.RUNNING, null);
    }

    @Override
    public void finished() {
      enter(Lifecycle.FINISHED, null);
    }

    @Override
    public void checkpoint(Snapshot snapshot) {
      job.snapshots().send(descriptor, snapshot, Task.this::report);
    }

    @Override
    public Payloads payloads(Snapshot snapshot) {
      return job.snapshots().payloads(snapshot);
    }

    @Override
    public void committed(long checkpoint) {
      listener.committed(Task.this, checkpoint);
    }
  }

  /** On the task's own thread, or that which has written its state. */
  private void report(TaskCheckpoint checkpoint) {
    listener.checkpoint(this, checkpoint);
    run.reported(checkpoint.getSnapshot().getNumber());
    wakeup();
  }

  private void release() {
    if (chain != null) {
      try {
        chain.close();
      } catch (OperatorFailure e) {
        // The task has ended for another reason, which is reported.
      }
    }
    if (exchange != null) {
      exchange.close();
    }
  }

  private void enter(Lifecycle next, TaskError error) {
    if (!state.mayBecome(next)) {
      throw new IllegalStateException("a task cannot go from %s to %s".formatted(state, next));
    }
    state = next;
    listener.entered(this, next, error);
  }

  // ---------------------------------------------------------------- loop

  private void handle(InputEvent.Records records) {
    busySince = measuredAt = System.nanoTime();
    channel = records.channel();
    measured = 0;
    chain.handle(channel, records.edge(), records.first(), records.batch());
    measure(System.nanoTime());
    busySince = 0;
  }

  /** Tells the input how long the records since the last time have taken. */
  private void measure(long now) {
    int handled = chain.handled();
    if (handled > measured) {
      exchange.input().took(channel, handled - measured, now - measuredAt);
      measuredAt = now;
      measured = handled;
    }
  }

  private boolean fetch() {
    busySince = System.nanoTime();
    boolean collected = chain.fetch();
    busySince = 0;
    return collected;
  }

  // ---------------------------------------------------------------- report

  /** Returns a snapshot of what the task has done and is doing. */
  public TaskReport report() {
    TaskReport.Builder report = TaskReport.newBuilder().setTaskId(descriptor.getTaskId());
    OperatorChain built = chain;
    if (built != null) {
      for (OperatorChain.Counts counts : built.counts()) {
        report.addOperators(
            OperatorCounters.newBuilder()
                .setOperatorId(counts.operatorId())
                .setRecordsIn(counts.in())
                .setRecordsOut(counts.out()));
      }
    }
    BusyWatch.Busy busy = busyWatch.look(System.nanoTime(), busySince);
    report.setBusyMs(busy.millis()).setBusyAt(busy.place());
    if (state == Lifecycle.RUNNING) { // the gates are complete only then
      report
          .setQueuedInputFrames(exchange.input().waitingFrames())
          .setQueuedOutputFrames(exchange.output().queuedFrames())
          .setBackpressured(exchange.output().backpressured());
    }
    return report.setLogBytes(run.logBytes()).build();
  }
}
