package org.anabranch.runtime.worker;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a task has to remember for a job with checkpoints.
 *
 * @param inflightBytes what the sent frames of one task may take in memory
 * @param spillDir where sent frames go beyond that
 * @param sharingDepth over how many channels determinants travel
 */
record RecoveryConfig(long inflightBytes, Path spillDir, int sharingDepth) {
  private static final String DEFAULT_BYTES = Long.toString(64L << 20);

  /** Returns what a job's options say; empty if it has no checkpoints. */
  static Optional<RecoveryConfig> of(Options options) {
    if (options.text("anabranch.checkpoint.dir", "").isEmpty()) {
      return Optional.empty();
    }
    String spillDir = options.text("anabranch.inflight.spill-dir", "");
    return Optional.of(
        new RecoveryConfig(
            options.longNumber("anabranch.inflight.memory-bytes", DEFAULT_BYTES),
            Path.of(spillDir.isEmpty() ? System.getProperty("java.io.tmpdir") : spillDir),
            (int) options.longNumber("anabranch.recovery.sharing-depth", "1")));
  }
}
