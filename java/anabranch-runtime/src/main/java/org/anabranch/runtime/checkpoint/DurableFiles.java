package org.anabranch.runtime.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Writes files that are there whole or not at all, and survive the loss of power. */
final class DurableFiles {

  /** What a file is to hold. */
  @FunctionalInterface
  interface Content {
    void writeTo(FileChannel file) throws IOException;
  }

  // What some network file systems answer, as the JDK tells it; there is no code.
  private static final Set<String> NO_SUCH_THING =
      Set.of("Invalid argument", "Operation not supported");

  private DurableFiles() {}

  /**
   * Writes a file, and makes the directories it needs. A process that is killed meanwhile leaves
   * nothing but a file with a leading dot.
   */
  static void write(Path path, Content content) throws IOException {
    Path directory = path.getParent();
    makeDirectory(directory);
    Path temporary = Files.createTempFile(directory, ".", "");
    try {
      try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        content.writeTo(file);
        file.force(true);
      }
      Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (Throwable t) {
      Files.deleteIfExists(temporary);
      throw t;
    }
    sync(directory);
  }

  /** Makes a directory that is private to the user, and those above it. */
  private static void makeDirectory(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return;
    }
    makeDirectory(path.getParent());
    try {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      // Another task was quicker.
    }
    sync(path.getParent());
  }

  /** Waits until the entries of a directory are on the disk. */
  private static void sync(Path directory) throws IOException {
    try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
      opened.force(true);
    } catch (IOException e) {
      if (!NO_SUCH_THING.contains(String.valueOf(e.getMessage()))) {
        throw e;
      }
    }
  }
}
