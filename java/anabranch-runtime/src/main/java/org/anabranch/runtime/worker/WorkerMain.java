package org.anabranch.runtime.worker;

import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.process.ProcessEnd;

/** Runs a worker as a process of its own, told by the environment where its master is. */
public final class WorkerMain {
  private WorkerMain() {}

  /**
   * Reads ANABRANCH_WORKER_ID, ANABRANCH_MASTER ({@code host:port}) and ANABRANCH_TOKEN (hex
   * digits), and works until the master ends it.
   */
  public static void main(String[] arguments) throws InterruptedException {
    LineOutput.install();
    Worker.start(
        environment("ANABRANCH_WORKER_ID"),
        environment("ANABRANCH_MASTER"),
        environment("ANABRANCH_TOKEN"),
        ProcessEnd::exit);
    Thread.currentThread().join(); // every other thread is a daemon; the worker ends the process
  }

  private static String environment(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      System.err.println("environment variable " + name + " is not set; a launcher starts workers");
      System.err.flush();
      Runtime.getRuntime().halt(2);
    }
    return value;
  }
}
