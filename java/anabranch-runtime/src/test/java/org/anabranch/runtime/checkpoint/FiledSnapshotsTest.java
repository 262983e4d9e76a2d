package org.anabranch.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.runtime.state.Payloads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiledSnapshotsTest {
  private static final int LARGE = (int) FiledSnapshots.MOST_IN_MESSAGE;
  private static final byte[] SECRET = new byte[32];

  @TempDir Path directory;
  private final BlockingQueue<TaskCheckpoint> reported = new LinkedBlockingQueue<>();

  private Snapshots snapshots() throws IOException {
    Files.createDirectories(directory.resolve("job"));
    return Snapshots.of(directory.toString(), "job", SECRET, 60_000);
  }

  private TaskCheckpoint next() throws InterruptedException {
    return reported.poll(60, TimeUnit.SECONDS);
  }

  @Test
  void aLargeSnapshotIsReportedWithoutItsValues() throws Exception {
    try (Snapshots snapshots = snapshots()) {
      snapshots.send(TestSnapshots.TASK, TestSnapshots.of(1, LARGE), reported::add);

      TaskCheckpoint checkpoint = next();

      assertThat(checkpoint.getTaskId()).isEqualTo(3);
      assertThat(checkpoint.getIncarnation()).isEqualTo(2);
      Snapshot moved = checkpoint.getSnapshot();
      assertThat(moved.getSerializedSize()).isLessThan(1000);
      try (Payloads payloads = snapshots.payloads(moved)) {
        EncodedValues entries = moved.getOperators(0).getKeyed(0).getGroups(1).getEntries();
        assertThat(payloads.of(entries)).isEqualTo(ByteString.copyFromUtf8("x".repeat(LARGE)));
      }
    }
  }

  @Test
  void aSmallOneStaysInTheMessage() throws Exception {
    try (Snapshots snapshots = snapshots()) {
      Snapshot small = TestSnapshots.of(1, 10);
      snapshots.send(TestSnapshots.TASK, small, reported::add);

      assertThat(next().getSnapshot()).isEqualTo(small);
      assertThat(snapshots.payloads(small)).isSameAs(Payloads.IN_MESSAGE);
      assertThat(directory.resolve("job/chk-1")).doesNotExist();
    }
  }

  @Test
  void theSnapshotsOfATaskAreReportedInTheirOrder() throws Exception {
    try (Snapshots snapshots = snapshots()) {
      for (int number = 1; number <= 6; number++) {
        int bytes = number % 2 == 0 ? 10 : 100 * LARGE;
        snapshots.send(TestSnapshots.TASK, TestSnapshots.of(number, bytes), reported::add);
      }
      for (int number = 1; number <= 6; number++) {
        assertThat(next().getSnapshot().getNumber()).isEqualTo(number);
      }
    }
  }

  @Test
  void whatCannotBeWrittenIsReportedWithTheReason() throws Exception {
    try (Snapshots snapshots = snapshots()) {
      Files.createFile(directory.resolve("job/chk-1"));
      snapshots.send(TestSnapshots.TASK, TestSnapshots.of(1, LARGE), reported::add);
      snapshots.send(TestSnapshots.TASK, TestSnapshots.of(2, LARGE), reported::add);

      TaskCheckpoint checkpoint = next();

      assertThat(checkpoint.getSnapshot()).isEqualTo(Snapshot.newBuilder().setNumber(1).build());
      assertThat(checkpoint.getFailure())
          .startsWith("keep (1/2): chk-1/task-3-2.state cannot be written to " + directory)
          .contains("choose another place");
      assertThat(next().getFailure()).isEmpty();
    }
  }

  @Test
  void theCheckpointAtTheEndIsTriedAgain() throws Exception {
    Path inTheWay = directory.resolve("job/chk-" + Long.MAX_VALUE);
    try (Snapshots snapshots = snapshots()) {
      Files.createFile(inTheWay);
      snapshots.send(TestSnapshots.TASK, TestSnapshots.of(Long.MAX_VALUE, LARGE), reported::add);
      Thread.sleep(100); // or it is written at the first try, which is as well
      Files.delete(inTheWay);

      assertThat(next().getFailure()).isEmpty();
    }
  }

  @Test
  void nothingIsReportedAfterTheEnd() throws Exception {
    Snapshots snapshots = snapshots();
    for (int number = 1; number <= 3; number++) {
      snapshots.send(
          TestSnapshots.TASK,
          TestSnapshots.of(number, 100 * LARGE),
          checkpoint -> {
            reported.add(checkpoint);
            snapshots.close();
          });
    }

    assertThat(next().getSnapshot().getNumber()).isEqualTo(1);
    snapshots.close();
    assertThat(reported).isEmpty();
  }

  @Test
  void withoutAFileSystemSnapshotsTravelAsAWhole() {
    try (Snapshots snapshots = Snapshots.of("s3://bucket/checkpoints", "job", SECRET, 60_000)) {
      Snapshot large = TestSnapshots.of(1, LARGE);
      snapshots.send(TestSnapshots.TASK, large, reported::add);

      assertThat(List.copyOf(reported)).map(TaskCheckpoint::getSnapshot).containsExactly(large);
      assertThatThrownBy(
              () -> snapshots.payloads(large.toBuilder().setStateFile("chk-1/a.state").build()))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("chk-1/a.state");
    }
  }
}
