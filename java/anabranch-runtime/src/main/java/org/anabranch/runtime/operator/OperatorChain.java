package org.anabranch.runtime.operator;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.output.PartitionException;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.records.RefusedValue;
import org.anabranch.runtime.records.ValueCopier;
import org.anabranch.runtime.state.Payloads;
import org.anabranch.runtime.text.ErrorText;

/**
 * The operators of one task, each feeding the next; the last feeds the task's output.
 *
 * <p>Used by the task's thread only, except {@link #counts}. The first failure is final: whatever a
 * user's function does with the exception that passes through it, the chain takes no record any
 * more.
 */
public final class OperatorChain {

  /** What a chain is placed in. */
  public interface Host {

    /** Returns the context that the function of an operator is opened with. */
    RuntimeContext context(org.anabranch.proto.v1.Operator operator);

    /** Takes what the last operator emits. */
    void emit(Object key, Object value) throws Exception;

    /**
     * Takes a record at which the last operator has failed; called only where an output edge of the
     * task wants that.
     *
     * @param letter what the consumers are to get
     */
    void emitDeadLetter(Map<String, Object> letter) throws Exception;

    /**
     * Returns whether an error ends the task even at an operator that leaves out failing records.
     */
    boolean endsTask(Throwable error);

    /** Throws if the task was cancelled, so that no other record is to be handled. */
    void checkCancelled();

    /**
     * Called every few milliseconds between two records, also in the middle of a batch: only I/O
     * may happen here.
     *
     * @param now the time, of {@code System.nanoTime}
     */
    void look(long now);

    /** Takes records of a collect operator, which go to the client of the job. */
    void collected(int operatorId, FrameHeader header, ByteString payload);

    /** Waits until the client has not too many collected records to take. */
    void awaitCollected();

    /** Returns the job's id. */
    String jobId();
  }

  /** Records that an operator has taken and emitted. */
  public record Counts(int operatorId, long in, long out) {}

  private static final String ON_ERROR = "anabranch.on-error";

  private final List<org.anabranch.proto.v1.Operator> descriptors;
  private final List<Stage> stages = new ArrayList<>();
  // Per input edge, what takes its records: the first operator, or a key function in front of it.
  private final List<ChainEntry> entries = new ArrayList<>();
  // Functions of edges, by edge: they live as those of operators do.
  private final Map<Integer, Stage> keyStages = new LinkedHashMap<>();
  private final Map<Integer, Stage> partitionStages = new LinkedHashMap<>();
  private final Deque<Stage> opened = new ArrayDeque<>();
  private final Counter emitted = new Counter();
  private final Host host;
  private final Ticker ticker = new Ticker(this::look);
  private final RecordPlace place;
  private final String lastName;
  private final int subtask;
  private final boolean wantsDeadLetters;
  private long deadLetters;
  private final OperatorStateCodec codec;
  private final ValueCopier copier;
  private final boolean checkpoints;
  private final OperatorFactory factory;
  private OperatorFailure failure;

  private OperatorChain(
      TaskDescriptor task, Host host, FunctionLoader functions, boolean checkpoints) {
    this.host = host;
    this.descriptors = task.getChainList();
    this.codec = new OperatorStateCodec(functions, task.getMaxParallelism());
    this.copier = functions.copier();
    this.checkpoints = checkpoints;
    this.place = new RecordPlace(host.jobId());
    this.factory = new OperatorFactory(functions, copier, place, checkpoints, host);
    this.lastName = task.getChain(task.getChainCount() - 1).getName();
    this.subtask = task.getSubtask();
    this.wantsDeadLetters = task.getOutputsList().stream().anyMatch(OutputEdge::getDeadLetters);
  }

  /**
   * Loads the functions of a task and links its operators; opens nothing.
   *
   * @param checkpoints whether the job takes checkpoints
   * @throws OperatorFailure if a function cannot be loaded
   */
  public static OperatorChain build(
      TaskDescriptor task, FunctionLoader functions, Host host, boolean checkpoints) {
    OperatorChain chain = new OperatorChain(task, host, functions, checkpoints);
    for (var operator : task.getChainList()) {
      chain.stages.add(new Stage(chain, operator.getName(), host.context(operator)));
    }
    int last = chain.stages.size() - 1;
    for (int i = last; i >= 0; i--) {
      Stage stage = chain.stages.get(i);
      Output next = chain.skipWhereWanted(task.getChain(i), stage, i);
      stage.set(chain.factory.make(task.getChain(i), isKeyed(task, i), i == 0, next));
    }
    for (InputEdge edge : task.getInputsList()) {
      ChainEntry entry = chain.entry(edge, task);
      int skipping = firstThatSkips(task);
      chain.entries.add(
          skipping < 0 ? entry : new RefusedRecords(entry, chain.stages.subList(0, skipping + 1)));
    }
    for (OutputEdge edge : task.getOutputsList()) {
      if (edge.getPartitioning().getKind() == Partitioning.Kind.KIND_CUSTOM) {
        chain.partitionStages.put(edge.getEdgeId(), chain.partitionStage(edge, task));
      }
    }
    return chain;
  }

  /**
   * Returns whether an error at a record on its way into a chain may leave out that record alone,
   * which then comes as a {@link RefusedValue}: so it is if the first operator with a function
   * skips.
   */
  public static Predicate<Throwable> refusals(TaskDescriptor task) {
    return firstThatSkips(task) < 0 ? error -> false : Skipping::isOfRecord;
  }

  /** Returns the position of the first operator with a function if it skips, else -1. */
  private static int firstThatSkips(TaskDescriptor task) {
    boolean union = task.getChain(0).getKind() == OperatorKind.OPERATOR_KIND_UNION;
    int first = union && task.getChainCount() > 1 ? 1 : 0;
    String action = task.getChain(first).getConfigOrDefault(ON_ERROR, "fail");
    return action.equals("skip") ? first : -1;
  }

  /** Returns whether the records of an operator of the chain come with keys. */
  private static boolean isKeyed(TaskDescriptor task, int position) {
    if (position > 0) {
      OperatorKind before = task.getChain(position - 1).getKind();
      return before == OperatorKind.OPERATOR_KIND_KEY_BY;
    }
    return task.getInputsList().stream()
        .anyMatch(edge -> edge.getCarriesKeys() || edge.hasKeyFunction());
  }

  private ChainEntry entry(InputEdge edge, TaskDescriptor task) {
    if (!edge.hasKeyFunction()) {
      return batch -> stages.get(0).process(edge.getInput(), batch);
    }
    // The key function is the producer's key_by, so that is what its errors are about.
    Stage stage = new Stage(this, edge.getProducerName(), host.context(task.getChain(0)));
    KeyFunction<Object, Object> function =
        factory.load(edge.getProducerName(), FunctionKind.KEY_BY, edge.getKeyFunction());
    stage.set(new KeyByOperator(function, stages.get(0).owning(edge.getInput(), copier)));
    keyStages.put(edge.getEdgeId(), stage);
    return batch -> stage.process(0, batch);
  }

  private Stage partitionStage(OutputEdge edge, TaskDescriptor task) {
    Stage stage = new Stage(this, lastName, host.context(task.getChain(task.getChainCount() - 1)));
    try {
      PartitionFunction<Object> function =
          factory.load(lastName, FunctionKind.PARTITION, edge.getPartitioning().getFunction());
      stage.set(new PartitionOperator(function, edge.getConsumerName()));
    } catch (OperatorFailure e) {
      throw OperatorFailure.outsideOfRecords(
          lastName, new PartitionException(edge.getConsumerName(), e.getCause()));
    }
    return stage;
  }

  /** Returns the partition function of an edge; null if it has none. */
  public PartitionFunction<Object> partitionFunction(OutputEdge edge) {
    Stage stage = partitionStages.get(edge.getEdgeId());
    if (stage == null) {
      return null;
    }
    PartitionFunction<Object> function = ((PartitionOperator) stage.operator()).function;
    return (value, n) -> function.partition(copier.copy(value), n);
  }

  /** Returns what the operator has to emit to. */
  private Output skipWhereWanted(
      org.anabranch.proto.v1.Operator operator, Stage stage, int position) {
    boolean last = position == stages.size() - 1;
    String action = operator.getConfigOrDefault(ON_ERROR, "fail");
    String name = operator.getName();
    if (action.equals("fail")) {
      // The host encodes at once, and keeps nothing.
      return last ? this::emitToHost : stages.get(position + 1).owning(0, copier);
    }
    if (!action.equals("skip")) {
      String problem = ON_ERROR + " is " + action + "; it may be fail or skip";
      throw OperatorFailure.outsideOfRecords(name, new FunctionException(problem));
    }
    if (operator.getKind() == OperatorKind.OPERATOR_KIND_SOURCE) {
      String problem = "a source has no records to leave out: " + ON_ERROR + " cannot be skip";
      throw OperatorFailure.outsideOfRecords(name, new FunctionException(problem));
    }
    Output next = last ? this::emitToHost : stages.get(position + 1);
    HeldOutput held = new HeldOutput(next, copier);
    stage.skip(
        new Skipping(name, held, last && wantsDeadLetters ? this::emitDeadLetter : null), copier);
    return held;
  }

  /** Returns the first operator if it is a source, else null. */
  public SourceOperator source() {
    return stages.get(0).operator() instanceof SourceOperator source ? source : null;
  }

  /** Opens the operators, last first, so that each finds its consumer ready. */
  public void open() {
    open(Snapshot.getDefaultInstance(), Payloads.IN_MESSAGE);
  }

  /**
   * Opens the operators as {@link #open()} does, each with what it has saved in this snapshot.
   *
   * @param payloads where the values of the snapshot are
   */
  public void open(Snapshot snapshot, Payloads payloads) {
    OperatorStateCodec loading = codec.from(payloads);
    Map<String, OperatorState> saved = byUid(snapshot);
    restoreCounts(saved);
    openOfEdges(partitionStages, snapshot, loading);
    for (int i = stages.size() - 1; i >= 0; i--) {
      open(stages.get(i), saved.get(uid(i)), loading);
    }
    openOfEdges(keyStages, snapshot, loading);
  }

  private void openOfEdges(
      Map<Integer, Stage> ofEdges, Snapshot snapshot, OperatorStateCodec loading) {
    Map<Integer, EncodedValues> saved = snapshot.getFunctionOfEdgeMap();
    ofEdges.forEach(
        (edge, stage) ->
            open(
                stage,
                saved.containsKey(edge)
                    ? OperatorState.newBuilder().setFunction(saved.get(edge)).build()
                    : null,
                loading));
  }

  private void open(Stage stage, OperatorState saved, OperatorStateCodec loading) {
    opened.push(stage);
    if (saved == null) {
      stage.open();
    } else {
      stage.open(saved, loading);
    }
  }

  private static Map<String, OperatorState> byUid(Snapshot snapshot) {
    return snapshot.getOperatorsList().stream()
        .collect(Collectors.toMap(OperatorState::getUid, state -> state));
  }

  /** Returns what snapshots call an operator. */
  private String uid(int stage) {
    var operator = descriptors.get(stage);
    return operator.getUid().isEmpty() ? operator.getName() : operator.getUid();
  }

  /**
   * Commits what this snapshot, the last one of the task, has left uncommitted. Instead of {@link
   * #open()}, where no record will come.
   *
   * @param payloads where the values of the snapshot are
   */
  public void commitOnly(Snapshot snapshot, Payloads payloads) {
    OperatorStateCodec loading = codec.from(payloads);
    Map<String, OperatorState> saved = byUid(snapshot);
    restoreCounts(saved);
    for (int i = 0; i < stages.size(); i++) {
      OperatorState state = saved.get(uid(i));
      if (state != null && stages.get(i).operator().needsCommit()) {
        opened.push(stages.get(i));
        stages.get(i).commitOnly(state, loading);
      }
    }
  }

  /**
   * Returns what the operators have to remember at this checkpoint.
   *
   * @throws OperatorFailure if something cannot be saved
   */
  public List<OperatorState> save(long checkpoint) {
    List<OperatorState> states = new ArrayList<>();
    for (int i = 0; i < stages.size(); i++) {
      states.add(save(i, checkpoint));
    }
    return states;
  }

  private OperatorState save(int stage, long checkpoint) {
    return stages
        .get(stage)
        .save(checkpoint, codec)
        .setOperatorId(descriptors.get(stage).getId())
        .setUid(uid(stage))
        .setRecordsOut(out(stage).get())
        .build();
  }

  private void restoreCounts(Map<String, OperatorState> saved) {
    for (int i = 0; i < stages.size(); i++) {
      OperatorState state = saved.get(uid(i));
      if (state != null) {
        stages.get(i).taken().set(state.getRecordsIn());
        out(i).set(state.getRecordsOut());
      }
    }
  }

  /** Counts what an operator has emitted, which is what the next one has taken. */
  private Counter out(int stage) {
    return stage == stages.size() - 1 ? emitted : stages.get(stage + 1).taken();
  }

  /**
   * Returns, by edge, what the functions of edges have to remember at a checkpoint.
   *
   * @throws OperatorFailure if something cannot be saved
   */
  public Map<Integer, EncodedValues> saveOfEdges(long checkpoint) {
    Map<Integer, EncodedValues> states = new LinkedHashMap<>();
    for (Map<Integer, Stage> ofEdges : List.of(partitionStages, keyStages)) {
      ofEdges.forEach(
          (edge, stage) -> states.put(edge, stage.save(checkpoint, codec).getFunction()));
    }
    return states;
  }

  /**
   * Commits what belongs to checkpoints up to this one.
   *
   * @throws OperatorFailure if a sink has failed
   */
  public void commit(long checkpoint) {
    for (Stage stage : stages) {
      if (stage.operator().needsCommit()) {
        stage.commit(checkpoint);
      }
    }
  }

  /**
   * Handles records of one channel.
   *
   * @param channel id of the channel
   * @param edge index of its edge in the task's descriptor
   * @param first how many records went before the first one on the channel
   * @throws OperatorFailure if an operator or the output has failed, or the task was cancelled
   */
  public void handle(int channel, int edge, long first, Batch batch) {
    place.enter(channel, first);
    checkMayGoOn();
    entries.get(edge).process(batch);
  }

  /** Returns how many records of the batch at hand have been handled. */
  public int handled() {
    return place.handled();
  }

  /**
   * Asks the source for records once; returns whether it has collected any.
   *
   * @throws OperatorFailure if an operator or the output has failed
   */
  public boolean fetch() {
    boolean collected;
    try {
      collected = source().fetch();
    } catch (Throwable t) {
      throw fail(OperatorFailure.outsideOfRecords(stages.get(0).name(), t));
    }
    checkIntact();
    return collected;
  }

  /**
   * Brings one operator after the other to its end, first to last, so that the others take what it
   * emits there: each emits what it holds back, is saved, and is closed. A sink that has something
   * to commit is closed after its last commit.
   *
   * @return what operators and functions of edges have to remember after the end; nothing in a job
   *     without checkpoints
   * @throws OperatorFailure if an operator or the output has failed
   */
  public Snapshot.Builder end() {
    Snapshot.Builder states = Snapshot.newBuilder();
    keyStages.forEach((edge, stage) -> end(edge, stage, states));
    for (int i = 0; i < stages.size(); i++) {
      Stage stage = stages.get(i);
      stage.finish();
      if (checkpoints) {
        states.addOperators(save(i, Operator.END));
      }
      if (!checkpoints || !stage.operator().needsCommit()) {
        close(stage);
      }
    }
    partitionStages.forEach((edge, stage) -> end(edge, stage, states));
    checkIntact();
    return states;
  }

  /** Ends the function of an edge. */
  private void end(int edge, Stage stage, Snapshot.Builder states) {
    if (checkpoints) {
      states.putFunctionOfEdge(edge, stage.save(Operator.END, codec).getFunction());
    }
    close(stage);
  }

  private void close(Stage stage) {
    opened.remove(stage);
    stage.close();
  }

  /**
   * Closes every operator that is open still, first to last, even if one fails.
   *
   * @throws OperatorFailure the first failure, be it of {@code close} or from before
   */
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (OperatorFailure e) {
        // It is noted; the others are closed all the same.
      }
    }
    checkIntact();
  }

  /** Returns how many records the last operator has emitted, dead letters included. */
  public long emitted() {
    return emitted.get() + deadLetters;
  }

  /**
   * Returns what each operator has taken and emitted so far, on any thread.
   *
   * <p>Each counter is read once, the last one first: so nothing seems to have taken more than was
   * emitted, though the chain runs on meanwhile.
   */
  public List<Counts> counts() {
    Counts[] counts = new Counts[stages.size()];
    long out = emitted.get();
    for (int i = counts.length - 1; i >= 0; i--) {
      long in = stages.get(i).taken().get();
      counts[i] = new Counts(descriptors.get(i).getId(), in, out);
      out = in;
    }
    return List.of(counts);
  }

  private void emitToHost(Object key, Object value) {
    checkIntact();
    try {
      host.emit(key, value);
    } catch (Throwable t) {
      throw fail(OperatorFailure.atRecord(lastName, -1, value, t));
    }
    emitted.increment();
  }

  private void emitDeadLetter(Object value, Throwable error) {
    Map<String, Object> letter = new LinkedHashMap<>();
    letter.put("operator", lastName);
    letter.put("subtask", (long) subtask);
    letter.put("record", value);
    letter.put("error", ErrorText.simple(error));
    try {
      host.emitDeadLetter(letter);
    } catch (Throwable t) {
      throw fail(OperatorFailure.atRecord(lastName, -1, value, t));
    }
    deadLetters++;
  }

  /** The record at hand has been handled, and all that has come of it in this chain. */
  void advance() {
    place.advance();
    checkMayGoOn();
  }

  private void checkMayGoOn() {
    checkIntact();
    host.checkCancelled();
  }

  /** An operator has taken a record. */
  void step() {
    ticker.step();
  }

  private void look(long now) {
    try {
      host.look(now);
    } catch (Throwable t) {
      throw fail(OperatorFailure.outsideOfRecords(lastName, t));
    }
  }

  boolean endsTask(Throwable error) {
    return host.endsTask(error);
  }

  boolean isIntact() {
    return failure == null;
  }

  OperatorFailure fail(OperatorFailure first) {
    if (failure == null) {
      failure = first;
    }
    return failure;
  }

  void checkIntact() {
    if (failure != null) {
      throw failure;
    }
  }
}
