package org.anabranch.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.anabranch.api.graph.FunctionSpec;
import org.anabranch.api.graph.JobGraph;
import org.anabranch.api.graph.Language;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/**
 * The output of one operator, as the operators that follow will see it.
 *
 * <p>A stream object is a <em>view</em>: language and partitioning belong to the view, so two
 * branches of one operator may use different ones. Name, parallelism, configuration and resources
 * belong to the operator that emits it.
 *
 * @param <S> the stream's own type
 */
public abstract class Stream<S extends Stream<S>> {
  private static final String ON_ERROR = "anabranch.on-error";

  private final StreamingContext context;
  private final JobGraph graph;
  private final OperatorNode operator;
  private final Partitioning partitioning;
  private final boolean ofDeadLetters;

  Stream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    this(context, operator, partitioning, false);
  }

  Stream(
      StreamingContext context,
      OperatorNode operator,
      Partitioning partitioning,
      boolean ofDeadLetters) {
    this.ofDeadLetters = ofDeadLetters;
    this.context = context;
    this.graph = context.graph();
    this.operator = operator;
    this.partitioning = partitioning;
  }

  abstract S self();

  /** Returns the same operator's output, spread in another way. */
  abstract S repartitioned(Partitioning partitioning);

  /** Returns the context that the stream belongs to. */
  public StreamingContext getStreamingContext() {
    return context;
  }

  /** Returns the operator's id, unique in the job. */
  public int getId() {
    return operator.id();
  }

  /** Returns the operator's name. */
  public String getName() {
    return operator.name();
  }

  /** Returns the number of subtasks of the operator. */
  public int getParallelism() {
    return operator.parallelism();
  }

  /**
   * Sets the number of subtasks of the operator; operators added from now on inherit it.
   *
   * @throws JobGraphException if it is less than 1
   */
  public S setParallelism(int parallelism) {
    if (parallelism < 1) {
      throw new JobGraphException(
          "%s: parallelism must be at least 1, got %d".formatted(getName(), parallelism));
    }
    operator.parallelism(parallelism);
    return self();
  }

  /** Names the operator: what errors, logs and metrics call it. Names are unique in a job. */
  public S withName(String name) {
    operator.name(name);
    return self();
  }

  /**
   * Gives the operator an identity that outlives changes of the job: what snapshots call its state.
   * Without one it is the operator's name. Uids are unique in a job, and none is the name of
   * another operator that has no uid.
   *
   * @throws JobGraphException if it is empty
   */
  public S withUid(String uid) {
    if (uid == null || uid.isEmpty()) {
      throw new JobGraphException(getName() + ": the uid of an operator must not be empty");
    }
    operator.uid(uid);
    return self();
  }

  /** Sets configuration of this operator alone. */
  public S withConfig(String key, String value) {
    operator.config().put(key, value);
    return self();
  }

  /** Sets configuration of this operator alone. */
  public S withConfig(Map<String, String> config) {
    operator.config().putAll(config);
    return self();
  }

  /** Returns the configuration of this operator. */
  public Map<String, String> getConfig() {
    return Collections.unmodifiableMap(new LinkedHashMap<>(operator.config()));
  }

  /**
   * Says what happens when the operator's function fails at a record.
   *
   * @param action {@code "fail"}, as without this call: the job ends; {@code "skip"}: the record is
   *     left out, with what the function has emitted for it, and the first ten of a subtask are
   *     named on stderr
   * @throws JobGraphException if it is neither of them, or the operator is a source or a union
   */
  public S withOnError(String action) {
    if (!action.equals("fail") && !action.equals("skip")) {
      throw new JobGraphException(
          "%s: expected fail or skip on an error, got %s".formatted(getName(), action));
    }
    checkHasRecords("withOnError");
    operator.config().put(ON_ERROR, action);
    return self();
  }

  private void checkHasRecords(String verb) {
    OperatorKind kind = operator.kind();
    if (kind == OperatorKind.SOURCE || kind == OperatorKind.UNION) {
      throw new JobGraphException(
          "%s: %s has no function that takes records, for it is a %s"
              .formatted(verb, getName(), kind.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** Has the operator leave out the records at which it fails, for a view of them. */
  final OperatorNode withDeadLetters() {
    checkHasRecords("deadLetters");
    operator.config().put(ON_ERROR, "skip");
    return operator;
  }

  /** Asks for a resource per subtask, e.g. {@code ("num_cpus", 2)}. */
  public S withResource(String key, double value) {
    operator.resources().put(key, value);
    return self();
  }

  /** Asks for resources per subtask. */
  public S withResource(Map<String, Double> resources) {
    operator.resources().putAll(resources);
    return self();
  }

  /** Keeps the operator in a task of its own. */
  public S disableChain() {
    operator.chainable(false);
    return self();
  }

  /** Returns a view whose records stay at their parallel index; needs equal parallelism. */
  public S forward() {
    return spreadBy("forward", Partitioning.of(Partitioning.Kind.FORWARD));
  }

  /** Returns a view whose records go round robin over all subtasks. */
  public S rebalance() {
    return spreadBy("rebalance", Partitioning.of(Partitioning.Kind.REBALANCE));
  }

  /** Returns a view whose records go to every subtask. */
  public S broadcast() {
    return spreadBy("broadcast", Partitioning.of(Partitioning.Kind.BROADCAST));
  }

  final S spreadBy(String verb, Partitioning by) {
    graph.addView(operator, verb, partitioning, by);
    return repartitioned(by);
  }

  OperatorNode operator() {
    return operator;
  }

  Partitioning partitioning() {
    return partitioning;
  }

  /** Returns whether the records are those at which the operator has failed. */
  boolean ofDeadLetters() {
    return ofDeadLetters;
  }

  /** Adds an operator that reads this stream and the others. */
  OperatorNode then(
      OperatorKind kind,
      Language language,
      FunctionSpec function,
      List<? extends Stream<?>> others) {
    check(this);
    others.forEach(this::check);
    OperatorNode added = graph.addOperator(kind, language, operator.parallelism(), function);
    boolean twoInputs = kind == OperatorKind.JOIN || kind == OperatorKind.CONNECT;
    graph.addEdge(operator, added, 0, partitioning, ofDeadLetters);
    for (int i = 0; i < others.size(); i++) {
      Stream<?> other = others.get(i);
      graph.addEdge(
          other.operator, added, twoInputs ? i + 1 : 0, other.partitioning, other.ofDeadLetters);
    }
    return added;
  }

  private void check(Stream<?> stream) {
    if (stream.graph != context.graph()) {
      String fate = stream.graph.fate();
      throw new JobGraphException(
          "the stream of operator %s belongs to %s"
              .formatted(
                  stream.getName(),
                  fate.isEmpty() ? "another context, or another block of this one" : fate));
    }
  }

  static Partitioning following(OperatorKind kind) {
    return Partitioning.of(
        kind == OperatorKind.KEY_BY ? Partitioning.Kind.KEY : Partitioning.Kind.AUTO);
  }
}
