package org.anabranch.runtime.ray;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.worker.Worker;

/**
 * A Java worker in a JVM that Ray has started. Its methods are called from Python over Ray, several
 * at a time.
 *
 * <p>Every method returns something: Ray 2.60 ends the JVM if a method without a result is called
 * from Python. No argument may be empty: that arrives as null.
 */
public final class RayWorker {
  // The master kills the actor once it knows that the worker has ended; there may be none.
  private static final long KILL_SECONDS = 5;

  private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();
  private Worker worker;

  /** Answers: then it is known where Ray has put the actor. */
  public boolean ready() {
    return true;
  }

  /**
   * Starts the worker, or, if it was started before, tells it where its master has come back.
   *
   * @param master {@code host:port} of the job master
   * @param token the job's token, as hex digits
   * @return the id of this process
   */
  public synchronized long start(String workerId, String master, String token) {
    if (worker == null) {
      worker = Worker.start(workerId, master, token, this::end);
      LineOutput.forward(worker::printed);
    } else {
      worker.reconnect(master);
    }
    return ProcessHandle.current().pid();
  }

  /** Waits until the worker has ended; returns 0 if its master has ended it. */
  public int ended() throws ExecutionException, InterruptedException {
    return exitCode.get();
  }

  private void end(int code) {
    exitCode.complete(code);
    Thread lastResort = new Thread(RayWorker::haltSoon, "anabranch-last-resort");
    lastResort.setDaemon(true);
    lastResort.start();
  }

  private static void haltSoon() {
    try {
      TimeUnit.SECONDS.sleep(KILL_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(0);
  }
}
