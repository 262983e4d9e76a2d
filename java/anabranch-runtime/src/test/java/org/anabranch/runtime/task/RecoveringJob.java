package org.anabranch.runtime.task;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.operator.Operator;

/** The tasks of a {@link TestJob}, and what a master with recovery does for them. */
final class RecoveringJob implements TaskListener, AutoCloseable {
  private static final long LIMIT_MILLIS = 40_000;

  private final JobContext context;
  private final Map<Integer, TaskDescriptor> descriptors = new HashMap<>();
  private final Map<Integer, Task> tasks = new HashMap<>();
  private final Map<Integer, Endpoint> endpoints = new HashMap<>();
  private final Set<Integer> deployed = new HashSet<>();
  private final Map<Integer, Lifecycle> states = new HashMap<>();
  private final Map<Integer, TaskError> errors = new HashMap<>();
  private final Map<Integer, Snapshot> taken = new HashMap<>();
  private final Map<Integer, Snapshot> ended = new HashMap<>();
  private final Set<Integer> committed = new HashSet<>();
  private Map<Integer, Snapshot> complete = Map.of();
  private long completeNumber;
  private long number;

  RecoveringJob(TestJob job) {
    context = JobContext.of(job.setup(), TestJob.TOKEN);
    job.descriptors().forEach(descriptor -> descriptors.put(descriptor.getTaskId(), descriptor));
    synchronized (this) {
      descriptors.values().forEach(this::launch);
    }
  }

  private void launch(TaskDescriptor descriptor) {
    Task task = new Task(descriptor, context, this);
    tasks.put(descriptor.getTaskId(), task);
    states.put(descriptor.getTaskId(), Lifecycle.CREATED);
    task.start();
  }

  /** Ends these tasks as if their worker had died, and begins new incarnations of them. */
  void kill(int... ids) {
    for (int id : ids) {
      Task task;
      synchronized (this) {
        task = tasks.get(id);
        deployed.remove(id);
        endpoints.remove(id);
        taken.remove(id);
        ended.remove(id);
      }
      task.cancel();
      try {
        if (!task.awaitEnd(5_000)) {
          throw new AssertionError("task " + id + " does not end");
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    synchronized (this) {
      for (int id : ids) {
        taken.remove(id);
        ended.remove(id);
        TaskDescriptor old = descriptors.get(id);
        TaskDescriptor next =
            old.toBuilder()
                .setIncarnation(old.getIncarnation() + 1)
                .setRestore(complete.getOrDefault(id, Snapshot.getDefaultInstance()))
                .build();
        descriptors.put(id, next);
        launch(next);
      }
    }
  }

  /** Begins a checkpoint and waits until it is complete, unless the job ends before. */
  void checkpoint() {
    long wanted;
    synchronized (this) {
      wanted = ++number;
      taken.clear();
      tasks.values().forEach(task -> task.trigger(wanted));
    }
    await("checkpoint " + wanted, () -> completeNumber >= wanted || isEnded());
  }

  synchronized boolean isEnded() {
    return committed.size() == tasks.size();
  }

  void awaitEnd() {
    await("end", this::isEnded);
  }

  synchronized void await(String what, BooleanSupplier condition) {
    long deadline = System.currentTimeMillis() + LIMIT_MILLIS;
    while (!condition.getAsBoolean()) {
      if (!errors.isEmpty() || System.currentTimeMillis() > deadline) {
        throw new AssertionError("no %s: %s, %s".formatted(what, states, errors));
      }
      try {
        wait(100);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  synchronized TaskError awaitError() {
    long deadline = System.currentTimeMillis() + LIMIT_MILLIS;
    while (errors.isEmpty() && System.currentTimeMillis() < deadline) {
      try {
        wait(100);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return errors.values().iterator().next();
  }

  synchronized Lifecycle state(int task) {
    return states.get(task);
  }

  private boolean isCurrent(Task task) {
    return tasks.get(task.descriptor().getTaskId()) == task;
  }

  @Override
  public synchronized void deployed(Task task, Endpoint endpoint) {
    if (!isCurrent(task)) {
      return;
    }
    int id = task.descriptor().getTaskId();
    deployed.add(id);
    if (endpoint != null) {
      endpoints.put(id, endpoint);
    }
    connect(id, peer -> true);
    for (int consumer : deployed) {
      if (consumer != id) {
        connect(consumer, peer -> peer == id);
      }
    }
  }

  private void connect(int id, Predicate<Integer> wanted) {
    TaskDescriptor descriptor = descriptors.get(id);
    List<Producer> producers =
        descriptor.getInputsList().stream()
            .map(InputEdge::getChannelsList)
            .flatMap(List::stream)
            .filter(channel -> wanted.test(channel.getPeerTask()))
            .filter(channel -> endpoints.containsKey(channel.getPeerTask()))
            .map(this::producer)
            .toList();
    if (!producers.isEmpty() || descriptor.getInputsCount() == 0) {
      tasks.get(id).connect(producers);
    }
  }

  private Producer producer(Channel channel) {
    return Producer.newBuilder()
        .setChannel(channel.getChannel())
        .setIncarnation(descriptors.get(channel.getPeerTask()).getIncarnation())
        .setEndpoint(endpoints.get(channel.getPeerTask()))
        .build();
  }

  @Override
  public void collected(CollectedBatch batch) {}

  @Override
  public synchronized void entered(Task task, Lifecycle state, TaskError error) {
    if (isCurrent(task) && deployed.contains(task.descriptor().getTaskId())) {
      states.put(task.descriptor().getTaskId(), state);
      if (error != null) {
        errors.put(task.descriptor().getTaskId(), error);
      }
      completeIfWhole();
    }
    notifyAll();
  }

  @Override
  public synchronized void checkpoint(Task task, TaskCheckpoint checkpoint) {
    Snapshot snapshot = checkpoint.getSnapshot();
    int id = task.descriptor().getTaskId();
    if (!isCurrent(task) || !deployed.contains(id)) {
      return;
    }
    if (snapshot.getNumber() == Operator.END) {
      ended.put(id, snapshot);
    } else if (snapshot.getNumber() == number) {
      taken.put(id, snapshot);
    }
    completeIfWhole();
  }

  private void completeIfWhole() {
    if (ended.size() == tasks.size()) {
      if (states.values().stream().allMatch(state -> state == Lifecycle.FINISHED)) {
        complete(Operator.END, ended);
      }
      return;
    }
    Map<Integer, Snapshot> parts = new HashMap<>(ended);
    parts.putAll(taken);
    if (parts.size() == tasks.size() && number > completeNumber) {
      complete(number, parts);
    }
  }

  private void complete(long which, Map<Integer, Snapshot> parts) {
    completeNumber = which;
    complete = Map.copyOf(parts);
    tasks.values().forEach(task -> task.completed(which));
    notifyAll();
  }

  @Override
  public synchronized void committed(Task task, long checkpoint) {
    if (checkpoint == Operator.END) {
      committed.add(task.descriptor().getTaskId());
      notifyAll();
    }
  }

  @Override
  public void close() {
    List<Task> all;
    synchronized (this) {
      all = List.copyOf(tasks.values());
    }
    all.forEach(Task::cancel);
    for (Task task : all) {
      try {
        if (!task.awaitEnd(10_000)) {
          throw new AssertionError("task %s does not end".formatted(task.descriptor().getName()));
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
