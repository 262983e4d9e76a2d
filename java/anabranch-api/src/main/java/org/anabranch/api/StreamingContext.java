package org.anabranch.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.zip.ZipFile;
import org.anabranch.api.client.JobClient;
import org.anabranch.api.client.JobDescription;
import org.anabranch.api.graph.JobGraph;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.SourcePosition;
import org.anabranch.api.graph.Uids;
import org.anabranch.api.graph.ViewNode;

/**
 * Builds jobs and runs them.
 *
 * <p>One context may run several jobs, one after the other or at once: {@link #submit} takes what
 * was described so far, and the next stream begins the next job. Options and types stay. Not for
 * use by several threads at a time.
 */
public final class StreamingContext {
  private static final String PARALLELISM = "anabranch.parallelism";

  private final Map<String, String> config = new LinkedHashMap<>();
  private final Set<Class<?>> types = new LinkedHashSet<>();
  private final List<Path> jars = new ArrayList<>();
  private final List<Path> pythonPaths = new ArrayList<>();
  private final List<CollectedStream<?>> collected = new ArrayList<>();
  private final List<OperatorNode> sourcesWithoutPosition = new ArrayList<>();
  private JobGraph graph = new JobGraph();
  private String lastFate = ""; // what has become of the graph before
  private JobClient client;

  private StreamingContext() {}

  /** Builds a context. */
  public static StreamingContext buildContext() {
    return new StreamingContext();
  }

  /** Sets options of the jobs to come. See {@code anabranch options} for those of the engine. */
  public StreamingContext withConfig(Map<String, String> options) {
    config.putAll(options);
    return this;
  }

  /** Sets one option of the jobs to come. */
  public StreamingContext withConfig(String key, String value) {
    config.put(key, value);
    return this;
  }

  /** Returns the options that were set. */
  public Map<String, String> getConfig() {
    return Map.copyOf(config);
  }

  /**
   * Sets the parallelism of the sources to come; operators inherit it from the stream in front of
   * them.
   *
   * @throws JobGraphException if it is less than 1
   */
  public StreamingContext setParallelism(int parallelism) {
    if (parallelism < 1) {
      throw new JobGraphException("parallelism must be at least 1, got " + parallelism);
    }
    config.put(PARALLELISM, Integer.toString(parallelism));
    return this;
  }

  /** Returns the parallelism of a source that says nothing else. */
  public int getParallelism() {
    return Integer.parseInt(config.getOrDefault(PARALLELISM, "1"));
  }

  /**
   * Registers a record, class or enum under its own name, so that Python instances registered under
   * the same name arrive as objects of it.
   */
  public StreamingContext registerType(Class<?> type) {
    types.add(type);
    return this;
  }

  /** Returns the types that were registered. */
  public Set<Class<?>> getTypes() {
    return Set.copyOf(types);
  }

  /**
   * Adds a jar, or a directory of classes, that workers need and that is not on the class path of
   * this program, which they get anyway.
   *
   * @throws JobGraphException if there is no such file, or it is not a jar
   */
  public StreamingContext addJar(String path) {
    Path jar = existing("jar", path);
    if (!Files.isDirectory(jar)) {
      try {
        new ZipFile(jar.toFile()).close();
      } catch (IOException e) {
        throw new JobGraphException("jar '%s' cannot be read: %s".formatted(jar, e.getMessage()));
      }
    }
    jars.add(jar);
    return this;
  }

  /**
   * Adds a directory or zip file to the module search path of the workers, which run the Python
   * operators. It is uploaded to the gateway, wherever that runs.
   *
   * @throws JobGraphException if there is no such file
   */
  public StreamingContext addPythonPath(String path) {
    pythonPaths.add(existing("Python path", path));
    return this;
  }

  private static Path existing(String what, String given) {
    Path path = Path.of(given).toAbsolutePath().normalize();
    if (!Files.exists(path)) {
      throw new JobGraphException(
          "%s '%s' does not exist (looked at %s)".formatted(what, given, path));
    }
    return path;
  }

  /**
   * Starts the job that was described so far and returns at once. The job ends with this process
   * unless it runs on a gateway of its own.
   *
   * <p>Whatever comes of it, the context forgets the description: the next stream begins the next
   * job.
   *
   * @throws JobGraphException if the job is not valid
   */
  public Job submit(String jobName) {
    String fate = "job '%s', which could not be submitted; describe it again".formatted(jobName);
    try {
      checkDescription(jobName);
      Job job = start(jobName);
      fate = "a job that was submitted already, '%s'".formatted(jobName);
      return job;
    } finally {
      beginAnew(fate);
    }
  }

  private void checkDescription(String jobName) {
    if (graph.operators().isEmpty() && !lastFate.isEmpty()) {
      throw new JobGraphException(
          "job '%s' has no operators: what was described before belongs to %s"
              .formatted(jobName, lastFate));
    }
    for (ViewNode view : graph.unreadViews()) {
      throw new JobGraphException(
          "%s() of operator '%s' (%s) has no effect at %s: it returns a view, and nothing reads that; write stream = stream.%1$s(…), or leave it out"
              .formatted(
                  view.verb(), view.operator().name(), view.operator().origin(), view.origin()));
    }
  }

  private Job start(String jobName) {
    if (client == null) {
      client =
          ServiceLoader.load(JobClient.class)
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "no JobClient on the class path: add the dependency org.anabranch:anabranch-client"));
    }
    Job job =
        client.submit(
            new JobDescription(
                jobName,
                graph,
                Map.copyOf(config),
                getTypes(),
                List.copyOf(jars),
                List.copyOf(pythonPaths)));
    for (CollectedStream<?> stream : collected) {
      if (stream.graph() == graph) {
        stream.submitted(job);
      }
    }
    if (recovers()) {
      for (OperatorNode source : sourcesWithoutPosition) {
        System.err.println("job " + jobName + ": " + SourcePosition.warning(source.name()));
      }
      List<OperatorNode> unnamed = Uids.statefulWithoutUid(graph);
      if (!unnamed.isEmpty()) {
        System.err.println("job " + jobName + ": " + Uids.warning(unnamed));
      }
    }
    return job;
  }

  /** Forgets what was described so far; options and types stay. */
  public StreamingContext discard() {
    beginAnew("what was discarded; describe it again");
    return this;
  }

  private void beginAnew(String fate) {
    graph.end(fate);
    collected.removeIf(stream -> stream.graph() == graph);
    lastFate = fate;
    graph = new JobGraph();
    sourcesWithoutPosition.clear();
  }

  /**
   * Runs the job that was described so far to its end. An interrupt cancels it.
   *
   * @throws JobGraphException if the job is not valid
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   */
  public void execute(String jobName) {
    Job job = submit(jobName);
    try {
      job.await();
    } catch (InterruptedException e) {
      job.cancel();
      Thread.currentThread().interrupt();
      throw new JobCancelledException("job " + jobName + " was cancelled by an interrupt");
    }
  }

  /**
   * Describes a job, and runs it to its end. What was described before is not part of the job. If
   * the description throws an exception nothing is run, and nothing of it stays.
   *
   * @throws JobGraphException if the job is not valid
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   */
  public void execute(String jobName, Runnable description) {
    JobGraph outer = graph;
    List<OperatorNode> outerSources = List.copyOf(sourcesWithoutPosition);
    graph = new JobGraph();
    sourcesWithoutPosition.clear();
    try {
      description.run();
      execute(jobName);
    } finally {
      discard();
      graph = outer;
      sourcesWithoutPosition.addAll(outerSources);
    }
  }

  /** Returns whether tasks of the next job roll back to checkpoints, as far as is known here. */
  private boolean recovers() {
    String mode = option("anabranch.mode");
    return mode.isEmpty() ? !option("anabranch.checkpoint.dir").isEmpty() : !mode.equals("none");
  }

  /** A gateway that this process starts takes options from the same environment. */
  private String option(String name) {
    String variable = name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    String otherwise = System.getenv().getOrDefault(variable, "");
    return config.getOrDefault(name, otherwise);
  }

  /** Submits with this client instead of the one on the class path. */
  StreamingContext withClient(JobClient other) {
    client = other;
    return this;
  }

  /** The source cannot go on where it was; who submits the job has to know. */
  void addSourceWithoutPosition(OperatorNode source) {
    sourcesWithoutPosition.add(source);
  }

  /** Creates a handle of what an operator collects. */
  <T> CollectedStream<T> collected(int operatorId) {
    CollectedStream<T> stream = new CollectedStream<>(graph, operatorId);
    collected.add(stream);
    return stream;
  }

  JobGraph graph() {
    return graph;
  }
}
