package org.anabranch.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineEndsTest {
  @ParameterizedTest
  @CsvSource({
    "one|two|, one|two|",
    ">10 %>20 %>30 %|, 10 %|20 %|30 %|",
    "10 %>20 %>done|, 10 %|20 %|done|",
    "windows>|ends>|, windows>|ends>|",
    "|>|x|>>y, |>|x|y",
    "before|>10 %>>20 %, before|10 %|20 %",
    "waits>, waits",
  })
  void aCarriageReturnEndsTheLineBeforeIt(String data, String translated) {
    byte[] bytes = lines(data).getBytes(StandardCharsets.UTF_8);
    for (int cut = 0; cut <= bytes.length; cut++) {
      LineEnds ends = new LineEnds();
      String first = text(ends.translate(bytes, 0, cut));
      String second = text(ends.translate(bytes, cut, bytes.length - cut));

      assertThat(first + second).isEqualTo(lines(translated));
    }
  }

  private static String lines(String shown) {
    return shown.replace('|', '\n').replace('>', '\r');
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
