package org.anabranch.runtime.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The state files of one job.
 *
 * <pre>
 *   &lt;dir&gt;/&lt;job id&gt;/chk-&lt;n&gt;/task-&lt;id&gt;-&lt;incarnation&gt;.state
 *   magic ABSF (4 bytes), version (uint16, big-endian: 1), then the parts, one after the other
 * </pre>
 *
 * @param directory the job's own
 * @param jobId the name of that
 * @param secret the job's
 */
record StateFiles(Path directory, String jobId, byte[] secret) {
  static final int HEADER_BYTES = 6;
  private static final short VERSION = 1;

  /**
   * Returns the files of a job, or nothing if this process does not see the directory that the
   * master has made for it: it is on an object store, or not shared by all hosts.
   *
   * @param url the option anabranch.checkpoint.dir: a path, or a URL
   */
  static Optional<StateFiles> of(String url, String jobId, byte[] secret) {
    String path = url.replaceFirst("^file:(//)?", ""); // as fsspec reads it
    if (path.isEmpty() || path.contains("://")) {
      return Optional.empty();
    }
    Path directory = Path.of(path).toAbsolutePath().resolve(jobId);
    return Files.isDirectory(directory)
        ? Optional.of(new StateFiles(directory, jobId, secret))
        : Optional.empty();
  }

  /** Returns the name of a task's file, from the job's directory on. */
  static String name(long checkpoint, int task, int incarnation) {
    return "chk-%d/task-%d-%d.state".formatted(checkpoint, task, incarnation);
  }

  static ByteBuffer header() {
    return ByteBuffer.allocate(HEADER_BYTES)
        .put("ABSF".getBytes(StandardCharsets.US_ASCII))
        .putShort(VERSION)
        .flip();
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  PartCodes codes(String name) {
    return new PartCodes(secret, jobId + "/" + name);
  }
}
