package org.anabranch.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class StackTracesTest {
  private static final StackTraceElement USER = frame("com.acme.Parse", "map", 12);
  private static final StackTraceElement DEEPER = frame("com.acme.Parse", "number", 20);
  private static final StackTraceElement ENGINE =
      frame("org.anabranch.runtime.operator.Stage", "emit", 40);
  private static final StackTraceElement JDK =
      new StackTraceElement(
          "app", "java.base", "17", "java.lang.Integer", "parseInt", "Integer.java", 652);

  private static StackTraceElement frame(String type, String method, int line) {
    String file = type.substring(type.lastIndexOf('.') + 1) + ".java";
    return new StackTraceElement("job", null, null, type, method, file, line);
  }

  private static <T extends Throwable> T with(T error, StackTraceElement... frames) {
    error.setStackTrace(frames);
    return error;
  }

  @Test
  void userFramesStayAndRunsOfEngineFramesAreFolded() {
    Throwable cause = with(new NumberFormatException("x"), JDK, DEEPER, USER, ENGINE, ENGINE);
    Throwable error =
        with(new IllegalStateException("bad row", cause), USER, ENGINE, ENGINE, DEEPER, ENGINE);

    assertThat(StackTraces.folded(error))
        .isEqualTo(
            """
            java.lang.IllegalStateException: bad row
            \tat com.acme.Parse.map(Parse.java:12)
            \t... 2 engine frames
            \tat com.acme.Parse.number(Parse.java:20)
            \t... 1 engine frame
            Caused by: java.lang.NumberFormatException: x
            \tat java.base/java.lang.Integer.parseInt(Integer.java:652)
            \tat com.acme.Parse.number(Parse.java:20)
            \tat com.acme.Parse.map(Parse.java:12)
            \t... 1 engine frame
            \t... 1 more
            """);
  }

  @Test
  void jdkFramesBetweenEngineFramesAreTheEngines() {
    Throwable error = with(new IllegalStateException(), USER, ENGINE, JDK, ENGINE, JDK);

    assertThat(StackTraces.folded(error))
        .contains("\t... 4 engine frames\n")
        .doesNotContain("Integer");
  }

  @Test
  void suppressedExceptionsAreKeptAndCyclesEnd() {
    Exception error = with(new IllegalStateException("outer"), USER);
    Exception other = with(new IllegalArgumentException("inner", error), USER);
    error.addSuppressed(other);

    assertThat(StackTraces.folded(error))
        .contains("\tSuppressed: java.lang.IllegalArgumentException: inner")
        .contains("Caused by: java.lang.IllegalStateException: outer");
  }

  @Test
  void thePlaceOfATaskIsItsInnermostUserFrame() {
    assertThat(StackTraces.userPlace(new StackTraceElement[] {JDK, DEEPER, USER, ENGINE}))
        .isEqualTo("com.acme.Parse.number(Parse.java:20)");
    assertThat(StackTraces.userPlace(new StackTraceElement[] {JDK, ENGINE})).isEmpty();
  }

  @Test
  void whatARecursionRepeatsIsWrittenOnce() {
    StackTraceElement[] frames = new StackTraceElement[1025];
    Arrays.fill(frames, DEEPER);
    frames[1024] = USER;

    assertThat(StackTraces.folded(with(new StackOverflowError(), frames)))
        .isEqualTo(
            """
            java.lang.StackOverflowError
            \tat com.acme.Parse.number(Parse.java:20)
            \t... the previous frame repeated 1,023 more times
            \tat com.acme.Parse.map(Parse.java:12)
            """);
  }

  @Test
  void aRecursionOverSeveralMethodsIsFoldedToo() {
    StackTraceElement[] frames = new StackTraceElement[1000];
    Arrays.setAll(frames, i -> i % 2 == 0 ? USER : DEEPER);

    assertThat(StackTraces.folded(with(new StackOverflowError(), frames)))
        .endsWith("\t... the previous 2 frames repeated 499 more times\n");
  }

  @Test
  void ofADeepStackBothEndsAreShown() {
    StackTraceElement[] frames = new StackTraceElement[1000];
    Arrays.setAll(frames, i -> frame("com.acme.Parse", "level", i));

    assertThat(StackTraces.folded(with(new IllegalStateException(), frames)))
        .contains("Parse.java:0)", "\t... 900 more frames\n", "Parse.java:999)")
        .hasLineCount(102);
  }

  @Test
  void aThousandCausesAndMessagesOfAnyLengthEnd() {
    Throwable error = with(new IllegalStateException("x".repeat(20_000_000)), USER);
    for (int i = 0; i < 1000; i++) {
      error = with(new IllegalStateException("number " + i, error), USER);
    }

    assertThat(StackTraces.folded(error)).contains("number 999").hasSizeLessThan(20_000);
    assertThat(StackTraces.whole(error)).contains("number 999").hasSizeLessThan(20_000);
  }
}
