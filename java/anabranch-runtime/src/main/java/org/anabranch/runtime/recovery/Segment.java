package org.anabranch.runtime.recovery;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The frames of one epoch of an in-flight log, as byte arrays: the older ones in a file, the newer
 * ones in memory.
 *
 * <p>The file is opened for each use. Open files would be one for each channel and epoch, and an
 * interrupt that user code has left behind would close a channel, hence no {@code FileChannel}.
 */
final class Segment {
  private sealed interface Slot {}

  private record InMemory(byte[] bytes) implements Slot {}

  private record InFile(long position, int length) implements Slot {}

  private final long epoch;
  private final long firstSeq;
  private final String name;
  private final Path directory;
  private final List<Slot> slots = new ArrayList<>();
  private int spilled;
  private long heldBytes;
  private long spilledBytes;
  private Path file;

  Segment(long epoch, long firstSeq, String name, Path directory) {
    this.epoch = epoch;
    this.firstSeq = firstSeq;
    this.name = name;
    this.directory = directory;
  }

  long epoch() {
    return epoch;
  }

  long heldBytes() {
    return heldBytes;
  }

  long spilledBytes() {
    return spilledBytes;
  }

  void append(byte[] frame) {
    slots.add(new InMemory(frame));
    heldBytes += frame.length;
  }

  byte[] read(long seq) {
    Slot slot = slots.get((int) (seq - firstSeq));
    if (slot instanceof InMemory inMemory) {
      return inMemory.bytes();
    }
    InFile inFile = (InFile) slot;
    byte[] frame = new byte[inFile.length()];
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(inFile.position());
      in.readFully(frame);
    } catch (IOException e) {
      throw failure("read", e);
    }
    return frame;
  }

  /** Moves the oldest frames to the file until so many bytes have gone, or all. */
  void spill(long bytes) {
    long rest = Math.max(0, heldBytes - bytes);
    if (heldBytes == rest) {
      return;
    }
    try {
      if (file == null) {
        // A temporary file is readable for its owner only.
        file = Files.createTempFile(directory, "inflight-" + name + "-" + epoch + "-", ".frames");
      }
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        out.seek(spilledBytes); // and over what an attempt that failed may have left behind it
        while (heldBytes > rest) {
          byte[] frame = ((InMemory) slots.get(spilled)).bytes();
          out.write(frame);
          slots.set(spilled++, new InFile(spilledBytes, frame.length));
          spilledBytes += frame.length;
          heldBytes -= frame.length;
        }
      }
    } catch (IOException e) {
      throw failure("write", e);
    }
  }

  void delete() {
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw failure("delete", e);
      }
    }
  }

  private UncheckedIOException failure(String action, IOException e) {
    String message =
        "cannot %s frames that wait in %s for an acknowledged checkpoint; see %s"
            .formatted(action, directory, "anabranch.inflight.spill-dir");
    return new UncheckedIOException(message + ": " + e, e);
  }
}
