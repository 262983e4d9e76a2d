package org.anabranch.runtime.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.anabranch.runtime.replay.HeapShare;

/** What the tasks of a job do so that a failed one can be recovered: one class for each mode. */
public sealed interface RecoveryConfig {

  /** They do nothing: the job fails with its first task. */
  record None() implements RecoveryConfig {}

  /** All roll back to a checkpoint together, and remember nothing. */
  record AtLeastOnce() implements RecoveryConfig {}

  /**
   * They remember enough to restore one without the others.
   *
   * @param inflightBytes what the sent frames of one task may take in memory
   * @param heap what those of all tasks may take together
   * @param spillDir where sent frames go beyond that
   * @param sharingDepth over how many channels determinants travel
   */
  record ExactlyOnce(long inflightBytes, HeapShare heap, Path spillDir, int sharingDepth)
      implements RecoveryConfig {

    static ExactlyOnce of(Options options) {
      String spillDir = options.text("anabranch.inflight.spill-dir");
      return new ExactlyOnce(
          options.longNumber("anabranch.inflight.memory-bytes"),
          HeapShare.ofThisJvm(),
          made(spillDir.isEmpty() ? System.getProperty("java.io.tmpdir") : spillDir),
          options.number("anabranch.recovery.sharing-depth"));
    }

    /** Creates the directory now: later it would be a failure in the middle of the job. */
    private static Path made(String directory) {
      Path path = Path.of(directory);
      try {
        return Files.isDirectory(path) ? path : Files.createDirectories(path);
      } catch (IOException e) {
        throw new IllegalArgumentException(
            "option anabranch.inflight.spill-dir: " + path + " cannot be made: " + e, e);
      }
    }
  }

  /**
   * Returns what a job's options say. The mode is the one that the master has made of them.
   *
   * @throws IllegalArgumentException if there is no such mode
   */
  static RecoveryConfig of(Options options) {
    String mode = options.text("anabranch.mode");
    return switch (mode) {
      case "none" -> new None();
      case "at_least_once" -> new AtLeastOnce();
      case "exactly_once" -> ExactlyOnce.of(options);
      default ->
          throw new IllegalArgumentException(
              "option anabranch.mode: expected exactly_once, at_least_once or none, got " + mode);
    };
  }

  /** Returns whether a failed task is recovered. */
  default boolean recovers() {
    return !(this instanceof None);
  }
}
