package org.anabranch.runtime.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker does about recovery before its first task. */
class RecoveryConfigTest {
  @TempDir Path directory;

  private static Options spillTo(Path path) {
    return new Options(
        Map.of(
            "anabranch.checkpoint.dir",
            "somewhere",
            "anabranch.inflight.spill-dir",
            path.toString()));
  }

  @Test
  void theDirectoryForSentFramesIsMadeAtOnce() {
    Path missing = directory.resolve("a/b");

    assertThat(RecoveryConfig.of(spillTo(missing))).isPresent();

    assertThat(missing).isDirectory();
  }

  @Test
  void oneThatCannotBeMadeIsNamed() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> RecoveryConfig.of(spillTo(file.resolve("below"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("anabranch.inflight.spill-dir")
        .hasMessageContaining(file.toString());
  }
}
