package org.anabranch.runtime.replay;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anabranch.proto.v1.FrameHeader;

/**
 * The frames of one epoch of an in-flight log: the older ones in a file, the newer ones in memory.
 * A frame in it is its header's length, header, payload.
 *
 * <p>The file has no name: it goes with the process, however that ends. An interrupt that user code
 * has left behind would close a channel, hence no {@code FileChannel}.
 */
final class Segment {
  private static final int LENGTH = Integer.BYTES;
  // Of each frame: its slab, where it begins in it, its bytes.
  private static final int NUMBERS = 3;

  private final long epoch;
  private final long firstSeq;
  private final String name;
  private final Path directory;
  private final SlabPool pool;
  private final List<Slab> slabs = new ArrayList<>();
  private int[] frames = new int[16 * NUMBERS];
  private int count;
  private int spilledSlabs;
  private long heldBytes;
  private long spilledBytes;
  private RandomAccessFile file;

  Segment(long epoch, long firstSeq, String name, Path directory, SlabPool pool) {
    this.epoch = epoch;
    this.firstSeq = firstSeq;
    this.name = name;
    this.directory = directory;
    this.pool = pool;
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

  /** Copies a frame; returns its bytes. */
  int append(FrameHeader header, byte[] payload, int offset, int length) {
    int headerLength = header.getSerializedSize();
    int size = LENGTH + headerLength + length;
    Slab slab = withRoomFor(size);
    int at = slab.used;
    ByteBuffer.wrap(slab.bytes).putInt(at, headerLength);
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(slab.bytes, at + LENGTH, headerLength);
      header.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new IllegalStateException("an array cannot fail to be written", e);
    }
    System.arraycopy(payload, offset, slab.bytes, at + LENGTH + headerLength, length);
    slab.used += size;
    heldBytes += size;
    remember(slabs.size() - 1, at, size);
    return size;
  }

  private Slab withRoomFor(int size) {
    Slab last = slabs.isEmpty() ? null : slabs.get(slabs.size() - 1);
    if (last != null && last.bytes != null && last.bytes.length - last.used >= size) {
      return last;
    }
    int before = last == null || last.bytes == null ? 0 : last.bytes.length;
    Slab added = new Slab(pool.acquire(size, before));
    slabs.add(added);
    return added;
  }

  private void remember(int slab, int at, int size) {
    if (NUMBERS * count == frames.length) {
      frames = Arrays.copyOf(frames, 2 * frames.length);
    }
    int index = NUMBERS * count++;
    frames[index] = slab;
    frames[index + 1] = at;
    frames[index + 2] = size;
  }

  /** Returns a frame, in an array; valid until something is appended, spilled or dropped. */
  ByteBuffer read(long seq) {
    int index = NUMBERS * (int) (seq - firstSeq);
    Slab slab = slabs.get(frames[index]);
    int at = frames[index + 1];
    int size = frames[index + 2];
    if (slab.bytes != null) {
      return ByteBuffer.wrap(slab.bytes, at, size);
    }
    byte[] frame = new byte[size];
    try {
      file.seek(slab.position + at);
      file.readFully(frame);
    } catch (IOException e) {
      throw failure("read", e);
    }
    return ByteBuffer.wrap(frame);
  }

  /** Moves the oldest frames to the file until so many bytes, or more, have gone, or all. */
  void spill(long bytes) {
    long rest = Math.max(0, heldBytes - bytes);
    if (heldBytes == rest) {
      return;
    }
    try {
      if (file == null) {
        file = newFile();
      }
      file.seek(spilledBytes); // and over what an attempt that failed may have left behind it
      while (heldBytes > rest) {
        Slab slab = slabs.get(spilledSlabs);
        file.write(slab.bytes, 0, slab.used);
        slab.position = spilledBytes;
        pool.release(slab.bytes);
        slab.bytes = null;
        spilledSlabs++;
        spilledBytes += slab.used;
        heldBytes -= slab.used;
      }
    } catch (IOException e) {
      throw failure("write", e);
    }
  }

  private RandomAccessFile newFile() throws IOException {
    // A temporary file is readable for its owner only.
    Path path = Files.createTempFile(directory, "inflight-" + name + "-" + epoch + "-", ".frames");
    try {
      return new RandomAccessFile(path.toFile(), "rw");
    } finally {
      Files.delete(path);
    }
  }

  /** Forgets every frame. */
  void delete() {
    for (Slab slab : slabs.subList(spilledSlabs, slabs.size())) {
      pool.release(slab.bytes);
    }
    if (file != null) {
      try {
        file.close();
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
