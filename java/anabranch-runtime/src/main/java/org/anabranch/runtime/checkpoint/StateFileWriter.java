package org.anabranch.runtime.checkpoint;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.FilePart;
import org.anabranch.proto.v1.Snapshot;

/** Moves the values of one snapshot to a file. */
final class StateFileWriter {
  private final StateFiles files;
  private final String name;
  private final PartCodes codes;
  private final List<ByteString> parts = new ArrayList<>();
  private long length = StateFiles.HEADER_BYTES;

  private StateFileWriter(StateFiles files, String name) {
    this.files = files;
    this.name = name;
    this.codes = files.codes(name);
  }

  /**
   * Writes a file, which is on the disk when this returns.
   *
   * @param name of the file, from the job's directory on
   * @return the snapshot with parts of the file in the place of payloads
   */
  static Snapshot move(Snapshot snapshot, StateFiles files, String name) throws IOException {
    StateFileWriter writer = new StateFileWriter(files, name);
    Snapshot moved = SnapshotValues.replaced(snapshot, writer::part);
    DurableFiles.write(files.path(name), writer::writeTo);
    return moved.toBuilder().setStateFile(name).setStateFileLength(writer.length).build();
  }

  private EncodedValues part(EncodedValues values) {
    ByteString payload = values.getPayload();
    if (payload.isEmpty()) {
      return values;
    }
    FilePart part =
        FilePart.newBuilder()
            .setOffset(length)
            .setLength(payload.size())
            .setCode(ByteString.copyFrom(codes.of(length, payload)))
            .build();
    parts.add(payload);
    length += payload.size();
    return values.toBuilder().clearPayload().setPart(part).build();
  }

  private void writeTo(FileChannel file) throws IOException {
    write(file, StateFiles.header());
    for (ByteString part : parts) {
      for (ByteBuffer bytes : part.asReadOnlyByteBufferList()) {
        write(file, bytes);
      }
    }
  }

  private static void write(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }
}
