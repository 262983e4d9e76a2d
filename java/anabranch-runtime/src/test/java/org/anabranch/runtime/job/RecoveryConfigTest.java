package org.anabranch.runtime.job;

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
            "anabranch.mode", "exactly_once",
            "anabranch.inflight.memory-bytes", "1000",
            "anabranch.inflight.spill-dir", path.toString(),
            "anabranch.recovery.sharing-depth", "2"));
  }

  @Test
  void theDirectoryForSentFramesIsMadeAtOnce() {
    Path missing = directory.resolve("a/b");

    assertThat(RecoveryConfig.of(spillTo(missing)).recovers()).isTrue();

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

  @Test
  void theModeIsTheMastersAndHasNoDefaultHere() {
    Options withoutMode = new Options(Map.of("anabranch.checkpoint.dir", "somewhere"));

    assertThat(RecoveryConfig.of(new Options(Map.of("anabranch.mode", "none"))).recovers())
        .isFalse();
    assertThatThrownBy(() -> RecoveryConfig.of(withoutMode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("anabranch.mode");
  }
}
