package org.anabranch.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ErrorTextTest {

  /** Throws whatever is asked of it. */
  private static final class Hostile extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new LinkageError();
    }

    @Override
    public String toString() {
      throw new StackOverflowError();
    }

    @Override
    public synchronized Throwable getCause() {
      throw new IllegalStateException();
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      return null;
    }
  }

  @Test
  void anErrorIsShownAsJavaShowsIt() {
    Throwable error = new IllegalStateException("bad row");

    assertThat(ErrorText.of(error)).isEqualTo("java.lang.IllegalStateException: bad row");
    assertThat(ErrorText.simple(error)).isEqualTo("IllegalStateException: bad row");
    assertThat(ErrorText.message(error)).isEqualTo("bad row");
    assertThat(ErrorText.simple(new IllegalStateException())).isEqualTo("IllegalStateException");
  }

  @Test
  void anErrorThatCannotBeShownIsNamed() {
    String name = Hostile.class.getName();

    assertThat(ErrorText.of(new Hostile()))
        .isEqualTo(name + " (its message cannot be had: java.lang.StackOverflowError)");
    assertThat(ErrorText.simple(new Hostile()))
        .isEqualTo("Hostile (its message cannot be had: java.lang.LinkageError)");
    assertThat(ErrorText.message(new Hostile())).startsWith(name);
    assertThat(ErrorText.cause(new Hostile())).isNull();
    assertThat(ErrorText.frames(new Hostile())).isEmpty();
  }

  @Test
  void aToStringThatReturnsNothingIsShownAsNothing() {
    Throwable error =
        new RuntimeException() {
          private static final long serialVersionUID = 1L;

          @Override
          public String toString() {
            return null;
          }
        };

    assertThat(ErrorText.of(error)).isEqualTo("null");
  }

  @Test
  void whatIsCutSaysHowMuchIsMissing() {
    assertThat(ErrorText.message(new RuntimeException("x".repeat(20_000_000))))
        .hasSizeLessThan(11_000)
        .endsWith("... (19,990,000 more characters)");
  }

  @Test
  void halfCharactersAreWrittenOutAndWholeOnesAreNot() {
    assertThat(ErrorText.sendable("a\ud800b \ud83d\ude00 \udc00"))
        .isEqualTo("a\\ud800b \ud83d\ude00 \\udc00");
  }

  @Test
  void whatWouldSteerATerminalIsWrittenOutAndLinesAndTabsAreNot() {
    assertThat(ErrorText.sendable("\033]0;title\007\r[sink (1/1)]\u009b\n\tgr\u00fc\u00dfe"))
        .isEqualTo("\\x1b]0;title\\x07\\x0d[sink (1/1)]\\x9b\n\tgr\u00fc\u00dfe");
    assertThat(ErrorText.simple(new IllegalStateException("\033[2J")))
        .isEqualTo("IllegalStateException: \\x1b[2J");
  }
}
