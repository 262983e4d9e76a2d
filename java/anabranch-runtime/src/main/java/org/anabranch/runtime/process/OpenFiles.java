package org.anabranch.runtime.process;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How many files, sockets among them, this process may have open. A JVM raises its soft limit to
 * the hard one by itself.
 */
public final class OpenFiles {
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String NAME = "Max open files";

  // Read early, for to read takes an open file too.
  private static final long LIMIT = read();

  private OpenFiles() {}

  /** Returns the limit; 0 if it is not known, or there is none. */
  public static long limit() {
    return LIMIT;
  }

  private static long read() {
    try {
      // Where there is such a file, it takes a small part of the time that loading the bean does.
      return Files.isReadable(LIMITS) ? parse(Files.readString(LIMITS)) : ofBean();
    } catch (IOException | LinkageError e) {
      return 0; // a system that does not tell, or a Java without management beans
    }
  }

  /** Returns the soft limit from the text of {@code /proc/self/limits}. */
  static long parse(String limits) {
    return limits
        .lines()
        .filter(line -> line.startsWith(NAME))
        .map(line -> line.substring(NAME.length()).strip().split(" ", 2)[0])
        .filter(soft -> !soft.equals("unlimited"))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }

  private static long ofBean() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? Math.max(0, unix.getMaxFileDescriptorCount())
        : 0;
  }
}
