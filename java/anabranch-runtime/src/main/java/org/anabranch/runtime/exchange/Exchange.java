package org.anabranch.runtime.exchange;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.input.EdgeDecoder;
import org.anabranch.runtime.exchange.input.EventReader;
import org.anabranch.runtime.exchange.input.InputGate;
import org.anabranch.runtime.exchange.output.Listeners;
import org.anabranch.runtime.exchange.output.OutputGate;
import org.anabranch.runtime.exchange.wire.CancelledException;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;

/**
 * The data plane of one task.
 *
 * <p>Made and used by the task's thread; only {@link #wakeup} may be called by others. Sockets are
 * served in {@link #poll}, which {@link OutputGate#emit} calls too while it waits for room.
 */
public final class Exchange implements AutoCloseable {
  // How often deadlines are looked at while there are any.
  private static final long DEADLINE_STEP_MILLIS = 20;

  // A wait without deadlines ends by then even if nothing happens: a lost wake-up must not hang a
  // task.
  private static final long LONGEST_WAIT_MILLIS = 1000;

  private final TypeRegistry types;
  private final TaskDescriptor task;
  private final BooleanSupplier cancelled;
  private final EventLoop eventLoop;
  private final InputGate input;
  private final EventReader events;
  private final OutputGate output;
  private final Listeners listeners;
  private Runnable whileWaiting = () -> {};
  private long polledAt = System.nanoTime();

  /**
   * Opens the gates of a task, at the positions that its descriptor says; nothing listens or dials
   * yet.
   *
   * @param cancelled asked in every wait; true makes the wait throw {@link CancelledException}
   * @param guarantee what the channels remember
   * @param refusals whether an error may leave out the record alone that it is about; see {@link
   *     Decoder}
   * @throws IOException if the system has no selector for us
   */
  public Exchange(
      ExchangeConfig config,
      TypeRegistry types,
      TaskDescriptor task,
      BooleanSupplier cancelled,
      Guarantee guarantee,
      Predicate<Throwable> refusals)
      throws IOException {
    this.types = types;
    this.task = task;
    this.cancelled = cancelled;
    this.eventLoop = new EventLoop();
    this.input = new InputGate(config, eventLoop, task, guarantee);
    this.events = new EventReader(input, decoders(refusals), task, guarantee);
    this.output = OutputGate.of(config, task, guarantee, this::await);
    this.listeners = new Listeners(config, eventLoop, output);
  }

  private List<EdgeDecoder> decoders(Predicate<Throwable> refusals) {
    List<EdgeDecoder> decoders = new ArrayList<>();
    for (InputEdge edge : task.getInputsList()) {
      Decoder decoder = new Decoder(edge.getProducerLanguage(), types, refusals);
      decoders.add(new EdgeDecoder(edge.getProducerName(), decoder));
    }
    return decoders;
  }

  /**
   * Adds an output edge of the task.
   *
   * @param function the partition function; needed where the edge's partitioning is custom
   */
  public void addOutput(OutputEdge edge, PartitionFunction<Object> function) {
    output.add(edge, new Encoder(edge.getConsumerLanguage(), types), function);
  }

  /**
   * Begins to listen for consumers.
   *
   * @return where they find this task
   * @throws IOException if no socket can be bound; the message names the address
   */
  public Endpoint listen() throws IOException {
    return listeners.open(task);
  }

  /** Returns what the input brings. */
  public EventReader events() {
    return events;
  }

  /** Returns the input side. */
  public InputGate input() {
    return input;
  }

  /** Returns the output side. */
  public OutputGate output() {
    return output;
  }

  /** Has this called in every wait: what may not be put off until the task can take input again. */
  public void whileWaiting(Runnable action) {
    whileWaiting = action;
  }

  /**
   * Serves connections as {@link #poll(long)} does, after waiting until one is ready or we are
   * woken.
   */
  public void await() {
    poll(LONGEST_WAIT_MILLIS);
  }

  /**
   * Serves every connection that is ready, after waiting for up to {@code millis} if none is.
   *
   * @throws CancelledException if the task has been cancelled
   * @throws ExchangeException if a producer broke the protocol or cannot be reached
   */
  public void poll(long millis) {
    // An interrupt that user code has left behind would close the next socket that is touched.
    Thread.interrupted();
    checkCancelled();
    boolean deadlines = input.hasDeadlines() || listeners.hasDeadlines();
    try {
      eventLoop.poll(deadlines ? Math.min(millis, DEADLINE_STEP_MILLIS) : millis);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (deadlines) {
      long now = System.nanoTime();
      input.tick(now);
      listeners.tick(now);
    }
    whileWaiting.run();
    polledAt = System.nanoTime();
    checkCancelled();
  }

  /** Returns when connections were last served, of {@code System.nanoTime}. */
  public long polledAt() {
    return polledAt;
  }

  private void checkCancelled() {
    if (cancelled.getAsBoolean()) {
      throw new CancelledException();
    }
  }

  /** Ends the current or the next wait. May be called from any thread. */
  public void wakeup() {
    eventLoop.wakeup();
  }

  /** Closes the listener and every connection. */
  @Override
  public void close() {
    listeners.close();
    input.close();
    output.close();
    try {
      eventLoop.close();
    } catch (IOException e) {
      // Nothing is lost: the sockets are closed.
    }
  }
}
