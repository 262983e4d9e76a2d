package org.anabranch.runtime.worker;

import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_MAP;
import static org.anabranch.proto.v1.OperatorKind.OPERATOR_KIND_SOURCE;
import static org.anabranch.proto.v1.Partitioning.Kind.KIND_FORWARD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.anabranch.proto.v1.CancelTasks;
import org.anabranch.proto.v1.CheckpointCompleted;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.ConnectTask;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.Shutdown;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.proto.v1.TaskReport;
import org.anabranch.proto.v1.TaskState;
import org.anabranch.proto.v1.TaskStatus;
import org.anabranch.proto.v1.TriggerCheckpoint;
import org.anabranch.proto.v1.WorkerHello;
import org.anabranch.proto.v1.WorkerMessage;
import org.anabranch.runtime.control.TestMaster;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.process.OpenFiles;
import org.anabranch.runtime.task.Lifecycle;
import org.anabranch.runtime.task.Task;
import org.anabranch.runtime.task.TaskListener;
import org.anabranch.runtime.task.TestJob;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A worker and its master, over the real control stream. */
@Timeout(60)
class WorkerTest {
  private static final String TOKEN = HexFormat.of().formatHex(TestJob.TOKEN);

  /** A map that neither ends nor can be interrupted, until the test lets it. */
  private static final String STUBBORN =
      """
      public class Stubborn implements MapFunction<Long, Long> {
        public Long map(Long n) {
          var gate = (java.util.concurrent.CountDownLatch) System.getProperties().get("stubborn");
          while (true) {
            try { gate.await(); return n; } catch (InterruptedException e) { }
          }
        }
      }
      """;

  @TempDir Path directory;
  private final BlockingQueue<Integer> exits = new LinkedBlockingQueue<>();
  private TestMaster master;

  @BeforeEach
  void startWorker() throws IOException {
    master = new TestMaster();
    Worker.start("w1", master.address(), TOKEN, exits::add);
  }

  @AfterEach
  void stop() {
    master.close();
  }

  private Integer exit() throws InterruptedException {
    return exits.poll(20, TimeUnit.SECONDS);
  }

  private void say(MasterMessage.Builder message) throws InterruptedException {
    master.say(message);
  }

  private void shutDown() throws InterruptedException {
    say(MasterMessage.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
  }

  private TaskStatus awaitState(int task, TaskState state) throws InterruptedException {
    TaskStatus status;
    do {
      status = master.await(WorkerMessage::hasTaskStatus).getTaskStatus();
      if (status.getState() == TaskState.TASK_STATE_FAILED && state != status.getState()) {
        throw new AssertionError(status.toString());
      }
    } while (status.getTaskId() != task || status.getState() != state);
    return status;
  }

  private Endpoint deploy(TestJob job) throws InterruptedException {
    say(MasterMessage.newBuilder().setSetup(job.setup()));
    Endpoint endpoint = null;
    for (TaskDescriptor descriptor : job.descriptors()) {
      say(MasterMessage.newBuilder().setDeployTask(descriptor));
      var deployed = master.await(WorkerMessage::hasTaskDeployed).getTaskDeployed();
      assertThat(deployed.getTaskId()).isEqualTo(descriptor.getTaskId());
      assertThat(deployed.hasEndpoint()).isEqualTo(descriptor.getOutputsCount() > 0);
      endpoint = deployed.hasEndpoint() ? deployed.getEndpoint() : endpoint;
    }
    return endpoint;
  }

  private void connect(int task, Endpoint producer) throws InterruptedException {
    ConnectTask.Builder connect = ConnectTask.newBuilder().setTaskId(task);
    if (producer != null) {
      connect.addProducers(
          ConnectTask.Producer.newBuilder().setChannel(1).setIncarnation(1).setEndpoint(producer));
    }
    say(MasterMessage.newBuilder().setConnectTask(connect));
  }

  @Test
  void itSaysWhoItIsAndProvesThatItKnowsTheToken() throws InterruptedException {
    WorkerHello hello = master.await(WorkerMessage::hasHello).getHello();

    assertThat(hello.getWorkerId()).isEqualTo("w1");
    assertThat(hello.getPid()).isEqualTo((int) ProcessHandle.current().pid());
    assertThat(hello.getMaxOpenFiles()).isEqualTo(OpenFiles.limit());
    assertThat(master.proven()).isTrue();
    shutDown();
    assertThat(exit()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"another token, true", "the token until the challenge, false"})
  void itBelievesNobodyWithoutTheToken(String what, boolean constant)
      throws InterruptedException, IOException {
    BlockingQueue<Integer> fooled = new LinkedBlockingQueue<>();
    String theirs = constant ? "11".repeat(32) : TOKEN;
    try (TestMaster impostor = new TestMaster(theirs, constant)) {
      Worker.start("w2", impostor.address(), TOKEN, fooled::add);
      if (!constant) {
        impostor.say(MasterMessage.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
      }

      // 0 would be the answer to the shutdown.
      assertThat(fooled.poll(60, TimeUnit.SECONDS)).isEqualTo(1);
    }
  }

  @Test
  void itRunsAJobAndReportsTheLastCountersBeforeTheLastState() throws InterruptedException {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      var source = job.tasks(1, job.numbers(2_000));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      Endpoint producer = deploy(job);
      connect(1, null);
      connect(2, producer);

      TaskReport[] last = new TaskReport[1];
      master.await(
          message -> {
            if (message.hasReport()) {
              message.getReport().getTasksList().stream()
                  .filter(report -> report.getTaskId() == 2)
                  .forEach(report -> last[0] = report);
            }
            return message.hasTaskStatus()
                && message.getTaskStatus().getTaskId() == 2
                && message.getTaskStatus().getState() == TaskState.TASK_STATE_FINISHED;
          });

      assertThat(last[0].getOperators(0).getRecordsIn()).isEqualTo(2_000);
      assertThat(job.results())
          .containsExactlyElementsOf(LongStream.range(0, 2_000).boxed().toList());
      shutDown();
      assertThat(exit()).isZero();
    }
  }

  @Test
  void aFailedTaskIsReportedAndTheOthersStay() throws InterruptedException {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      job.tasks(1, job.numbers(1), job.operator(OPERATOR_KIND_MAP, "com.acme.Nowhere"), job.sink());
      say(MasterMessage.newBuilder().setSetup(job.setup()));
      say(MasterMessage.newBuilder().setDeployTask(job.descriptors().get(0)));

      TaskStatus status = awaitState(1, TaskState.TASK_STATE_FAILED);

      assertThat(status.getError().getSummary()).contains("com.acme.Nowhere");
      assertThat(exits).isEmpty();
    }
  }

  @Test
  void cancelledTasksAnswerWithTheirState() throws InterruptedException {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      var source = job.tasks(1, job.numbers(Long.MAX_VALUE));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      Endpoint producer = deploy(job);
      connect(1, null);
      connect(2, producer);
      awaitState(1, TaskState.TASK_STATE_RUNNING);

      say(
          MasterMessage.newBuilder()
              .setCancelTasks(CancelTasks.newBuilder().addTaskIds(1).addTaskIds(2)));

      for (int ended = 0; ended < 2; ) {
        TaskStatus status = master.await(WorkerMessage::hasTaskStatus).getTaskStatus();
        ended += status.getState() == TaskState.TASK_STATE_CANCELLED ? 1 : 0;
      }
      assertThat(exits).isEmpty();
    }
  }

  @Test
  void aTaskThatDoesNotStopTakesTheWorkerWithIt() throws InterruptedException {
    CountDownLatch gate = new CountDownLatch(1);
    System.getProperties().put("stubborn", gate);
    try (TestJob job =
        new TestJob(directory, TestJob.NUMBERS, STUBBORN)
            .option("anabranch.stall.warn-ms", 200)
            .option("anabranch.cancel.timeout-ms", 200)) {
      job.tasks(
          1, job.numbers(1), job.operator(OPERATOR_KIND_MAP, "com.acme.Stubborn"), job.sink());
      deploy(job);
      connect(1, null);
      master.await(
          message ->
              message.hasReport()
                  && message.getReport().getTasks(0).getBusyAt().startsWith("com.acme.Stubborn"));

      say(MasterMessage.newBuilder().setCancelTasks(CancelTasks.getDefaultInstance()));

      var failed = master.await(WorkerMessage::hasFailed).getFailed();
      assertThat(failed.getSummary())
          .contains("did not stop within 200 ms")
          .contains("com.acme.Stubborn.map");
      assertThat(exit()).isEqualTo(1);
    } finally {
      gate.countDown();
      System.getProperties().remove("stubborn");
    }
  }

  private TaskCheckpoint awaitCheckpoint(int task, long number) throws InterruptedException {
    return master
        .await(
            message ->
                message.hasCheckpoint()
                    && message.getCheckpoint().getTaskId() == task
                    && message.getCheckpoint().getSnapshot().getNumber() == number)
        .getCheckpoint();
  }

  private void trigger(long number) throws InterruptedException {
    say(
        MasterMessage.newBuilder()
            .setTriggerCheckpoint(TriggerCheckpoint.newBuilder().setNumber(number).addTaskIds(1)));
  }

  @Test
  void aTaskIsReplacedByItsNextIncarnationWithTheStateOfACheckpoint() throws InterruptedException {
    try (TestJob job =
        new TestJob(directory, TestJob.NUMBERS).option("anabranch.mode", "exactly_once")) {
      var source = job.tasks(1, job.numbers(Long.MAX_VALUE));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      Endpoint producer = deploy(job);
      connect(1, null);
      connect(2, producer);
      awaitState(2, TaskState.TASK_STATE_RUNNING);
      trigger(1);
      TaskCheckpoint taken = awaitCheckpoint(2, 1);
      assertThat(taken.getSnapshot().getInputs(0).getControls()).isEqualTo(1);
      say(
          MasterMessage.newBuilder()
              .setCheckpointCompleted(CheckpointCompleted.newBuilder().setNumber(1)));
      assertThat(master.await(WorkerMessage::hasCommitted).getCommitted().getNumber()).isEqualTo(1);

      say(MasterMessage.newBuilder().setCancelTasks(CancelTasks.newBuilder().addTaskIds(2)));
      say(
          MasterMessage.newBuilder()
              .setDeployTask(
                  job.descriptors().get(1).toBuilder()
                      .setIncarnation(2)
                      .setRestore(taken.getSnapshot())));
      assertThat(master.await(WorkerMessage::hasTaskDeployed).getTaskDeployed().getIncarnation())
          .isEqualTo(2);
      connect(2, producer);
      assertThat(awaitState(2, TaskState.TASK_STATE_RUNNING).getIncarnation()).isEqualTo(2);
      trigger(2);
      TaskCheckpoint next = awaitCheckpoint(2, 2);

      assertThat(next.getIncarnation()).isEqualTo(2);
      assertThat(next.getSnapshot().getInputs(0).getControls()).isEqualTo(2);
      assertThat(next.getSnapshot().getOperators(0).getRecordsIn())
          .isEqualTo(next.getSnapshot().getInputs(0).getRecords());
      shutDown();
      assertThat(exit()).isZero();
    }
  }

  @Test
  void aTaskThatIsSentTwiceRunsOn() throws InterruptedException {
    try (TestJob job =
        new TestJob(directory, TestJob.NUMBERS).option("anabranch.mode", "exactly_once")) {
      var source = job.tasks(1, job.numbers(Long.MAX_VALUE));
      var sink = job.tasks(1, job.sink());
      job.edge(source, sink, KIND_FORWARD, false);
      Endpoint producer = deploy(job);
      connect(1, null);
      connect(2, producer);
      awaitState(2, TaskState.TASK_STATE_RUNNING);

      for (TaskDescriptor descriptor : job.descriptors()) {
        say(MasterMessage.newBuilder().setDeployTask(descriptor));
      }
      trigger(1);

      assertThat(awaitCheckpoint(2, 1).getIncarnation()).isEqualTo(1);
      shutDown();
      assertThat(exit()).isZero();
    }
  }

  @Test
  void itEndsWithItsMaster() throws InterruptedException {
    master.await(WorkerMessage::hasHello);
    master.close();

    assertThat(exit()).isEqualTo(1);
  }

  @Test
  void aMasterThatIsNotThereEndsIt() throws InterruptedException {
    BlockingQueue<Integer> alone = new LinkedBlockingQueue<>();
    Worker.start("w2", "127.0.0.1:1", TOKEN, alone::add);

    assertThat(alone.poll(20, TimeUnit.SECONDS)).isEqualTo(1);
  }

  @Test
  void anOrderThatMakesNoSenseIsAnsweredWithTheReason() throws InterruptedException {
    connect(99, null);

    assertThat(master.await(WorkerMessage::hasFailed).getFailed().getSummary()).contains("task 99");
  }

  @Test
  void anOptionThatIsMissingIsNamed() throws InterruptedException {
    say(
        MasterMessage.newBuilder()
            .setSetup(org.anabranch.proto.v1.JobSetup.newBuilder().setJobId("job")));

    assertThat(master.await(WorkerMessage::hasFailed).getFailed().getSummary())
        .contains("anabranch.exchange.transport");
  }

  @Test
  void aTaskThatIsDeployedLateDoesNotReplaceItsSuccessor() throws InterruptedException {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      job.tasks(1, job.numbers(5), job.sink());
      TaskDescriptor task = job.descriptors().get(0);
      say(MasterMessage.newBuilder().setSetup(job.setup()));
      say(MasterMessage.newBuilder().setDeployTask(task.toBuilder().setIncarnation(3)));
      say(MasterMessage.newBuilder().setDeployTask(task.toBuilder().setIncarnation(2)));

      TaskStatus finished = awaitState(1, TaskState.TASK_STATE_FINISHED);

      assertThat(finished.getIncarnation()).isEqualTo(3);
      assertThat(job.results()).containsExactly(0L, 1L, 2L, 3L, 4L);
      shutDown();
      exit();
    }
  }

  /**
   * A listener that fails whatever it is told, so that the thread of a task ends without a word.
   */
  private static final class Broken implements TaskListener {
    @Override
    public void deployed(Task task, Endpoint endpoint) {
      throw new IllegalStateException("a mistake of ours");
    }

    @Override
    public void checkpoint(Task task, TaskCheckpoint checkpoint) {
      throw new IllegalStateException("a mistake of ours");
    }

    @Override
    public void committed(Task task, long checkpoint) {
      throw new IllegalStateException("a mistake of ours");
    }

    @Override
    public void collected(CollectedBatch batch) {}

    @Override
    public void entered(Task task, Lifecycle state, TaskError error) {
      throw new IllegalStateException("a mistake of ours");
    }
  }

  @Test
  void aThreadThatEndsWithoutAReportIsAFailureOfTheWorker() throws InterruptedException {
    try (TestJob job = new TestJob(directory, TestJob.NUMBERS)) {
      job.tasks(1, job.operator(OPERATOR_KIND_SOURCE, "com.acme.Numbers").putConfig("end", "1"));
      JobContext context = JobContext.of(job.setup(), TestJob.TOKEN);
      Task task = new Task(job.descriptors().get(0), context, new Broken());
      task.thread().setUncaughtExceptionHandler((thread, error) -> {});
      Worker.requireThread(task);

      task.start();
      task.awaitEnd(20_000);

      assertThatThrownBy(() -> Worker.requireThread(task))
          .hasMessage(
              "the thread of task %s has ended without a report"
                  .formatted(task.descriptor().getName()));
    }
    shutDown();
    assertThat(exit()).isZero();
  }
}
