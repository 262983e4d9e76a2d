package org.anabranch.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.state.Payloads;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is moved to a file comes back as it was, or not at all. */
class StateFileTest {
  private static final byte[] SECRET = new byte[32];
  private static final String NAME = StateFiles.name(4, 3, 2);

  @TempDir Path directory;
  private StateFiles files;

  @BeforeEach
  void makeDirectory() throws IOException {
    Files.createDirectory(directory.resolve("job"));
    files = StateFiles.of(directory.toString(), "job", SECRET).orElseThrow();
  }

  private static Snapshot readBack(Snapshot moved, StateFiles from) {
    try (Payloads payloads = new StateFileReader(from, moved)) {
      return SnapshotValues.replaced(
              moved,
              values ->
                  EncodedValues.newBuilder()
                      .setN(values.getN())
                      .setPayload(payloads.of(values))
                      .build())
          .toBuilder()
          .clearStateFile()
          .clearStateFileLength()
          .build();
    }
  }

  @Test
  void allValuesComeBackWhereverTheyAreInASnapshot() throws IOException {
    Snapshot snapshot = TestSnapshots.of(4, 1000);

    Snapshot moved = StateFileWriter.move(snapshot, files, NAME);

    assertThat(SnapshotValues.bytes(moved)).isZero();
    assertThat(moved.getStateFile()).isEqualTo("chk-4/task-3-2.state");
    Path file = directory.resolve("job/chk-4/task-3-2.state");
    assertThat(moved.getStateFileLength()).isEqualTo(Files.size(file));
    assertThat(Files.readString(file)).startsWith("ABSF\0\1");
    assertThat(readBack(moved, files)).isEqualTo(snapshot);
  }

  @Test
  void nothingButTheFileIsLeftInADirectoryThatIsPrivate() throws IOException {
    StateFileWriter.move(TestSnapshots.of(4, 10), files, NAME);

    Path made = directory.resolve("job/chk-4");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
    try (Stream<Path> left = Files.list(made)) {
      assertThat(left.map(path -> path.getFileName().toString())).containsExactly("task-3-2.state");
    }
  }

  @Test
  void aFileThatCannotBeWrittenLeavesNothing() throws IOException {
    Path file = files.path(NAME);

    assertThatThrownBy(
            () ->
                DurableFiles.write(
                    file,
                    opened -> {
                      throw new IOException("no space left");
                    }))
        .hasMessage("no space left");

    try (Stream<Path> left = Files.list(file.getParent())) {
      assertThat(left).isEmpty();
    }
  }

  private void refused(Snapshot moved, String how) {
    assertThatThrownBy(() -> readBack(moved, files))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the state in " + moved.getStateFile() + " cannot be read from")
        .hasMessageContaining("it is " + how);
  }

  @Test
  void aFileThatIsNotWhatWasWrittenIsRefused() throws IOException {
    Snapshot moved = StateFileWriter.move(TestSnapshots.of(4, 1000), files, NAME);
    byte[] written = Files.readAllBytes(files.path(NAME));

    byte[] changed = written.clone();
    changed[changed.length - 1]++;
    Files.write(files.path(NAME), changed);
    refused(moved, "corrupt");

    changed = written.clone();
    changed[5]++;
    Files.write(files.path(NAME), changed);
    refused(moved, "of another format or version");

    Files.write(files.path(NAME), java.util.Arrays.copyOf(written, written.length - 1));
    refused(moved, "torn: %d bytes were written".formatted(written.length));

    Files.delete(files.path(NAME));
    refused(moved, "missing");
  }

  @Test
  void aPartIsTakenForNoOther() throws IOException {
    Snapshot moved = StateFileWriter.move(TestSnapshots.of(4, 5), files, NAME);
    EncodedValues small = moved.getOperators(0).getKeyed(0).getGroups(0).getEntries();
    Snapshot exchanged =
        SnapshotValues.replaced(
            moved,
            values -> {
              EncodedValues.Builder other = values.toBuilder();
              if (values.getPart().getLength() == small.getPart().getLength()) {
                other.getPartBuilder().setCode(small.getPart().getCode());
              }
              return other.build();
            });
    refused(exchanged, "corrupt");

    String other = StateFiles.name(5, 3, 2);
    Files.createDirectory(files.path(other).getParent());
    Files.copy(files.path(NAME), files.path(other));
    refused(moved.toBuilder().setStateFile(other).build(), "corrupt");

    byte[] secret = SECRET.clone();
    secret[0]++;
    files = StateFiles.of(directory.toString(), "job", secret).orElseThrow();
    refused(moved, "corrupt");
  }

  @Test
  void onlyADirectoryOfTheJobThatIsThereTakesFiles() {
    assertThat(StateFiles.of(directory.toUri().toString(), "job", SECRET))
        .map(StateFiles::directory)
        .contains(directory.resolve("job"));
    assertThat(StateFiles.of(directory.toString(), "another job", SECRET)).isEmpty();
    assertThat(StateFiles.of("s3://bucket/checkpoints", "job", SECRET)).isEmpty();
    assertThat(StateFiles.of("memory://checkpoints", "job", SECRET)).isEmpty();
  }
}
