package org.anabranch.runtime.task;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.Artifact;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.JobSetup;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.runtime.job.JobContext;

/** A job of Java tasks in this process, deployed and watched as a master would do it. */
public final class TestJob implements TaskListener, AutoCloseable {
  public static final byte[] TOKEN = new byte[32];
  private static final long LIMIT_SECONDS = 30;

  /** A source that shares the numbers below its option "end" out among its subtasks. */
  public static final String NUMBERS =
      """
      public class Numbers extends RichSourceFunction<Long> {
        long next, step, end;
        public void init(int parallelism, int index) { next = index; step = parallelism; }
        public void open(RuntimeContext c) throws Exception {
          super.open(c);
          end = Long.parseLong(c.getConfig().get("end"));
        }
        public void fetch(SourceContext<Long> context) throws Exception {
          for (int i = 0; i < 100; i++) {
            if (next >= end) throw new EndOfDataException();
            context.collect(next);
            next += step;
          }
        }
      }
      """;

  /** A sink that leaves its records where the test finds them: user code has no other way out. */
  public static final String TO_QUEUE =
      """
      public class ToQueue extends RichSinkFunction<Object> {
        Queue<Object> queue;
        @SuppressWarnings("unchecked")
        public void open(RuntimeContext context) throws Exception {
          super.open(context);
          queue = (Queue<Object>) System.getProperties().get(context.getConfig().get("queue"));
        }
        public void sink(Object value) { queue.add(value); }
      }
      """;

  private final Map<String, String> options = new HashMap<>();
  private final String queueName = "queue-" + UUID.randomUUID();
  private final Queue<Object> results = new ConcurrentLinkedQueue<>();
  private final Path directory;
  private final Path classes;
  private final List<TaskDescriptor.Builder> descriptors = new ArrayList<>();
  private final Map<Integer, Endpoint> endpoints = new ConcurrentHashMap<>();
  private final Map<Integer, List<Lifecycle>> states = new ConcurrentHashMap<>();
  private final Map<Integer, TaskError> errors = new ConcurrentHashMap<>();
  private final Map<Integer, CountDownLatch> running = new ConcurrentHashMap<>();
  private final List<Task> tasks = new ArrayList<>();
  private final Set<Integer> settled = ConcurrentHashMap.newKeySet(); // deployed, or ended before
  private CountDownLatch deployed;
  private CountDownLatch ended;
  private int nextOperator = 1;
  private int nextChannel = 1;
  private int nextEdge = 1;

  public TestJob(Path directory, String... sources) {
    this.directory = directory;
    String[] all = new String[sources.length + 1];
    System.arraycopy(sources, 0, all, 0, sources.length);
    all[sources.length] = TO_QUEUE;
    this.classes = UserClasses.compile(directory, all);
    System.getProperties().put(queueName, results);
    options.putAll(defaults());
  }

  public static Map<String, String> defaults() {
    return Map.ofEntries(
        Map.entry("anabranch.batch.max-records", "1024"),
        Map.entry("anabranch.batch.max-bytes", "65536"),
        Map.entry("anabranch.exchange.max-frame-bytes", "1048576"),
        Map.entry("anabranch.exchange.send-queue-bytes", "65536"),
        Map.entry("anabranch.exchange.socket-buffer-bytes", "65536"),
        Map.entry("anabranch.exchange.transport", "auto"),
        Map.entry("anabranch.exchange.handshake-timeout-ms", "500"),
        Map.entry("anabranch.deploy.timeout-ms", "10000"),
        Map.entry("anabranch.cancel.timeout-ms", "3000"),
        Map.entry("anabranch.report.interval-ms", "50"),
        Map.entry("anabranch.heartbeat.timeout-ms", "0"),
        Map.entry("anabranch.stall.warn-ms", "0"),
        Map.entry("anabranch.mode", "none"),
        Map.entry("anabranch.checkpoint.dir", ""),
        Map.entry("anabranch.checkpoint.timeout-ms", "60000"),
        Map.entry("anabranch.inflight.memory-bytes", "67108864"),
        Map.entry("anabranch.inflight.spill-dir", ""),
        Map.entry("anabranch.recovery.sharing-depth", "1"));
  }

  public TestJob option(String name, Object value) {
    options.put(name, value.toString());
    return this;
  }

  public Queue<Object> results() {
    return results;
  }

  public Operator.Builder operator(OperatorKind kind, String reference) {
    String[] parts = reference.split("::");
    JavaReference.Builder function = JavaReference.newBuilder().setClassName(parts[0]);
    if (parts.length > 1) {
      function.setMethod(parts[1]);
    }
    Operator.Builder operator =
        Operator.newBuilder()
            .setId(nextOperator)
            .setName(reference + "#" + nextOperator)
            .setKind(kind)
            .setLanguage(Language.LANGUAGE_JAVA)
            .putConfig("queue", queueName)
            .setFunction(
                FunctionDescriptor.newBuilder()
                    .setDisplayName(reference)
                    .setJavaReference(function));
    nextOperator++;
    return operator;
  }

  public Operator.Builder numbers(long end) {
    return operator(OperatorKind.OPERATOR_KIND_SOURCE, "com.acme.Numbers")
        .putConfig("end", Long.toString(end));
  }

  public Operator.Builder sink() {
    return operator(OperatorKind.OPERATOR_KIND_SINK, "com.acme.ToQueue");
  }

  /** Adds a chain of operators at a parallelism. */
  public List<TaskDescriptor.Builder> tasks(int parallelism, Operator.Builder... chain) {
    List<TaskDescriptor.Builder> added = new ArrayList<>();
    for (int i = 0; i < parallelism; i++) {
      TaskDescriptor.Builder task =
          TaskDescriptor.newBuilder()
              .setTaskId(descriptors.size() + 1)
              .setName("task " + (descriptors.size() + 1))
              .setIncarnation(1)
              .setSubtask(i)
              .setParallelism(parallelism)
              .setMaxParallelism(128);
      for (Operator.Builder operator : chain) {
        task.addChain(operator);
      }
      descriptors.add(task);
      added.add(task);
    }
    return added;
  }

  /** Connects every task of one side with every task of the other. */
  public void edge(
      List<TaskDescriptor.Builder> from,
      List<TaskDescriptor.Builder> to,
      Partitioning.Kind kind,
      boolean carriesKeys) {
    edge(from, to, Partitioning.newBuilder().setKind(kind), carriesKeys, null);
  }

  public void edge(
      List<TaskDescriptor.Builder> from,
      List<TaskDescriptor.Builder> to,
      Partitioning.Builder partitioning,
      boolean carriesKeys,
      FunctionDescriptor keyFunction) {
    int id = nextEdge++;
    int[][] channels = new int[from.size()][to.size()];
    for (int i = 0; i < from.size(); i++) {
      OutputEdge.Builder output =
          OutputEdge.newBuilder()
              .setEdgeId(id)
              .setPartitioning(partitioning)
              .setCarriesKeys(carriesKeys)
              .setConsumerLanguage(Language.LANGUAGE_JAVA)
              .setConsumerName(to.get(0).getChain(0).getName());
      for (int j = 0; j < to.size(); j++) {
        channels[i][j] = nextChannel++;
        output.addChannels(
            Channel.newBuilder().setChannel(channels[i][j]).setPeerTask(to.get(j).getTaskId()));
      }
      from.get(i).addOutputs(output);
    }
    for (int j = 0; j < to.size(); j++) {
      InputEdge.Builder input =
          InputEdge.newBuilder()
              .setEdgeId(id)
              .setCarriesKeys(carriesKeys)
              .setProducerLanguage(Language.LANGUAGE_JAVA)
              .setProducerName(from.get(0).getChain(from.get(0).getChainCount() - 1).getName());
      if (keyFunction != null) {
        input.setKeyFunction(keyFunction);
      }
      for (int i = 0; i < from.size(); i++) {
        input.addChannels(
            Channel.newBuilder().setChannel(channels[i][j]).setPeerTask(from.get(i).getTaskId()));
      }
      to.get(j).addInputs(input);
      SortedSet<Integer> upstream = new TreeSet<>(to.get(j).getUpstreamTasksList());
      for (TaskDescriptor.Builder producer : from) { // described before, with all that is upstream
        upstream.add(producer.getTaskId());
        upstream.addAll(producer.getUpstreamTasksList());
      }
      to.get(j).clearUpstreamTasks().addAllUpstreamTasks(upstream);
    }
  }

  public JobSetup setup() {
    return JobSetup.newBuilder()
        .setJobId("job")
        .setJobName("job")
        .putAllConfig(options)
        .addArtifacts(
            Artifact.newBuilder().setKind(Artifact.Kind.KIND_JAVA).setPath(classes.toString()))
        .setSocketDir(directory.toString())
        .setListenHost("127.0.0.1")
        .build();
  }

  public List<TaskDescriptor> descriptors() {
    return descriptors.stream().map(TaskDescriptor.Builder::build).toList();
  }

  /** Deploys all tasks and waits until they listen. */
  public TestJob deploy() {
    JobContext context = JobContext.of(setup(), TOKEN);
    deployed = new CountDownLatch(descriptors.size());
    ended = new CountDownLatch(descriptors.size());
    for (TaskDescriptor descriptor : descriptors()) {
      running.put(descriptor.getTaskId(), new CountDownLatch(1));
      states.put(descriptor.getTaskId(), new ArrayList<>());
      tasks.add(new Task(descriptor, context, this));
    }
    tasks.forEach(Task::start);
    await(deployed, "deployed");
    return this;
  }

  /** Connects all tasks. */
  public TestJob connect() {
    if (!errors.isEmpty()) {
      return this; // one of them was never deployed
    }
    for (Task task : tasks) {
      List<Producer> producers = new ArrayList<>();
      for (InputEdge edge : task.descriptor().getInputsList()) {
        for (Channel channel : edge.getChannelsList()) {
          producers.add(
              Producer.newBuilder()
                  .setChannel(channel.getChannel())
                  .setIncarnation(1)
                  .setEndpoint(endpoints.get(channel.getPeerTask()))
                  .build());
        }
      }
      task.connect(producers);
    }
    return this;
  }

  public TestJob run() {
    return deploy().connect().awaitEnd();
  }

  public TestJob awaitEnd() {
    await(ended, "ended");
    return this;
  }

  void awaitRunning(int task) {
    await(running.get(task), "running");
  }

  private void await(CountDownLatch latch, String what) {
    try {
      if (!latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError(
            "not %s in time: states %s, errors %s".formatted(what, states, errors));
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  public Endpoint endpoint(int task) {
    return endpoints.get(task);
  }

  Task task(int id) {
    return tasks.get(id - 1);
  }

  List<Lifecycle> states(int task) {
    return states.get(task);
  }

  public Map<Integer, TaskError> errors() {
    return errors;
  }

  @Override
  public void deployed(Task task, Endpoint endpoint) {
    if (endpoint != null) {
      endpoints.put(task.descriptor().getTaskId(), endpoint);
    }
    settle(task.descriptor().getTaskId());
  }

  /** A short task may be deployed and at its end before another is deployed: it counts once. */
  private void settle(int task) {
    if (settled.add(task)) {
      deployed.countDown();
    }
  }

  @Override
  public void checkpoint(Task task, TaskCheckpoint checkpoint) {}

  @Override
  public void committed(Task task, long checkpoint) {}

  @Override
  public void collected(CollectedBatch batch) {}

  @Override
  public void entered(Task task, Lifecycle state, TaskError error) {
    int id = task.descriptor().getTaskId();
    states.get(id).add(state);
    if (error != null) {
      errors.put(id, error);
    }
    if (state == Lifecycle.RUNNING) {
      running.get(id).countDown();
    }
    if (state.hasEnded()) {
      settle(id); // one that fails while it is made never says so
      running.get(id).countDown();
      ended.countDown();
    }
  }

  @Override
  public void close() {
    tasks.forEach(Task::cancel);
    for (Task task : tasks) {
      try {
        if (!task.awaitEnd(10_000)) {
          throw new AssertionError("task %s does not end".formatted(task.descriptor().getName()));
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    System.getProperties().remove(queueName);
  }
}
