package org.anabranch.runtime.checkpoint;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.FilePart;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.state.Payloads;

/** Reads the values of one snapshot that are in a file, each when it is asked for. */
final class StateFileReader implements Payloads {
  private final StateFiles files;
  private final String name;
  private final PartCodes codes;
  private final FileChannel file;

  /**
   * Opens the file of a snapshot.
   *
   * @throws CheckpointException if it is gone, or not what was written
   */
  StateFileReader(StateFiles files, Snapshot snapshot) {
    this.files = files;
    name = snapshot.getStateFile();
    codes = files.codes(name);
    try {
      file = FileChannel.open(files.path(name), StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw damaged("missing");
    } catch (IOException e) {
      throw unreadable(e);
    }
    try {
      requireWhole(snapshot.getStateFileLength());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void requireWhole(long length) {
    try {
      if (file.size() != length) {
        throw damaged("torn: %d bytes were written, %d are there".formatted(length, file.size()));
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    if (!bytes(0, StateFiles.HEADER_BYTES).equals(StateFiles.header())) {
      throw damaged("of another format or version");
    }
  }

  /**
   * Returns the bytes of values, verified.
   *
   * @throws CheckpointException if they are not what was written
   */
  @Override
  public ByteString of(EncodedValues values) {
    if (!values.hasPart()) {
      return values.getPayload();
    }
    FilePart part = values.getPart();
    ByteString bytes = UnsafeByteOperations.unsafeWrap(bytes(part.getOffset(), part.getLength()));
    if (!codes.matches(part.getCode(), part.getOffset(), bytes)) {
      throw damaged("corrupt: its code does not match. It was changed, or not written by this job");
    }
    return bytes;
  }

  private ByteBuffer bytes(long offset, long length) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(length));
    try {
      while (bytes.hasRemaining()) {
        if (file.read(bytes, offset + bytes.position()) < 0) {
          throw new EOFException("it ends before byte " + (offset + length));
        }
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
    return bytes.flip();
  }

  private CheckpointException damaged(String how) {
    return unusable(
        "it is " + how,
        "The directory has to be the same one on every host, and nothing but the job may change it."
            + " A new submission of the job begins anew");
  }

  private CheckpointException unreadable(IOException why) {
    return unusable(String.valueOf(why), "Make sure that it can be reached from this host");
  }

  private CheckpointException unusable(String why, String advice) {
    return new CheckpointException(
        "the state in %s cannot be read from %s: %s. %s"
            .formatted(name, files.directory(), why, advice));
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      // It was only read.
    }
  }
}
