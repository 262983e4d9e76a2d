package org.anabranch.api.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sources that come with the engine go on where another object of theirs has saved. */
class SourcesTest {
  @TempDir Path directory;

  private static <T> void read(SourceFunction<T> source, List<T> to) throws Exception {
    try {
      while (true) {
        source.fetch(to::add);
      }
    } catch (EndOfDataException e) {
      source.close();
    }
  }

  private static <T> void check(SourceFunction<T> first, SourceFunction<T> second, List<T> whole)
      throws Exception {
    List<T> read = new ArrayList<>();
    first.init(1, 0);
    first.fetch(read::add);
    assertThat(read).isNotEmpty().hasSizeLessThan(whole.size());
    second.init(1, 0);
    second.loadCheckpoint(first.saveCheckpoint());
    read(second, read);
    assertThat(read).isEqualTo(whole);
  }

  @Test
  void aCollectionGoesOnWhereItWas() throws Exception {
    List<Integer> whole = IntStream.range(0, 5000).boxed().toList();
    ArrayList<Integer> values = new ArrayList<>(whole);
    check(new CollectionSource<>(values), new CollectionSource<>(values), whole);
  }

  @Test
  void aTextFileGoesOnAtTheNextLine() throws Exception {
    List<String> whole = IntStream.range(0, 5000).mapToObj(n -> "line " + n + " ä").toList();
    Path file = Files.write(directory.resolve("lines.txt"), whole);
    check(new TextFileSource(file.toString()), new TextFileSource(file.toString()), whole);
  }

  private List<String> lines(String text, int parallelism) throws Exception {
    Path file = Files.writeString(directory.resolve("marked.txt"), "\ufeff" + text);
    List<String> read = new ArrayList<>();
    for (int i = 0; i < parallelism; i++) {
      TextFileSource source = new TextFileSource(file.toString());
      source.init(parallelism, i);
      read(source, read);
    }
    return read;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 9})
  void aByteOrderMarkIsNoPartOfALine(int parallelism) throws Exception {
    assertThat(lines("name,age\nann,3", parallelism)).containsExactly("name,age", "ann,3");
    assertThat(lines("\nx\n", parallelism)).containsExactly("", "x");
    assertThat(lines("", parallelism)).isEmpty();
  }

  @Test
  void whatHasNoLinesToShareOutIsRefusedForWhatItIs() {
    assertThatThrownBy(() -> new TextFileSource(directory.toString()).init(1, 0))
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> new TextFileSource("/dev/null").init(1, 0))
        .hasMessageContaining("is not a regular file");
  }
}
