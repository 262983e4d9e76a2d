package org.anabranch.runtime.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.anabranch.runtime.replay.HeapShare;

/** What the tasks of a job with checkpoints do so that a failed task can be recovered. */
sealed interface RecoveryConfig {

  /** All go back to a checkpoint together, and remember nothing. */
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
    private static final String DEFAULT_BYTES = Long.toString(64L << 20);

    static ExactlyOnce of(Options options) {
      String spillDir = options.text("anabranch.inflight.spill-dir", "");
      return new ExactlyOnce(
          options.longNumber("anabranch.inflight.memory-bytes", DEFAULT_BYTES),
          HeapShare.ofThisJvm(),
          made(spillDir.isEmpty() ? System.getProperty("java.io.tmpdir") : spillDir),
          (int) options.longNumber("anabranch.recovery.sharing-depth", "1"));
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
   * Returns what a job's options say; empty if it does not recover.
   *
   * @throws IllegalArgumentException if the mode is none that there is
   */
  static Optional<RecoveryConfig> of(Options options) {
    boolean checkpoints = !options.text("anabranch.checkpoint.dir", "").isEmpty();
    String mode = options.text("anabranch.mode", "");
    return switch (mode.isEmpty() ? (checkpoints ? "exactly_once" : "none") : mode) {
      case "none" -> Optional.empty();
      case "at_least_once" -> Optional.of(new AtLeastOnce());
      case "exactly_once" -> Optional.of(ExactlyOnce.of(options));
      default ->
          throw new IllegalArgumentException(
              "option anabranch.mode: expected exactly_once, at_least_once or none, got " + mode);
    };
  }
}
