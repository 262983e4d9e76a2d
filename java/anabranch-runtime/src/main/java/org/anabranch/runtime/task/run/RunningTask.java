package org.anabranch.runtime.task.run;

import java.io.IOException;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.state.Payloads;

/** What a task is to its run. Everything is called on the task's thread. */
public interface RunningTask {

  /** Returns what the master wants of the task. */
  TaskDescriptor descriptor();

  /** Does what other threads have asked the task for. */
  void runMailbox();

  /** Has the chain handle records. */
  void handle(InputEvent.Records records);

  /** Asks the source for records once; returns whether it has collected any. */
  boolean fetch();

  /**
   * Listens for consumers, and reports that the task waits to be connected.
   *
   * @throws IOException if no socket can be bound; the message names the address
   */
  void listen() throws IOException;

  /** The functions are open, and nothing is left to repeat. */
  void running();

  /** Everything was sent, and every consumer has taken it. */
  void finished();

  /**
   * The task has taken its part of a checkpoint, which is to be reported: see {@link Run#reported}.
   */
  void checkpoint(Snapshot snapshot);

  /** Returns where the values of a snapshot are that the task goes on from. */
  Payloads payloads(Snapshot snapshot);

  /** The sinks of the task have committed what belongs to a checkpoint. */
  void committed(long checkpoint);
}
