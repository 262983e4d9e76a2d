package org.anabranch.runtime.text;

/**
 * Shows an exception, whose every method may be the user's: it may throw anything, return null or a
 * text of 20 MB.
 */
public final class ErrorText {
  private static final int LONGEST = 10_000;
  private static final StackTraceElement[] NO_FRAMES = {};

  private ErrorText() {}

  /**
   * Returns what {@code toString} does, "java.lang.IllegalStateException: bad row"; never fails.
   */
  public static String of(Throwable error) {
    try {
      return cut(String.valueOf(error.toString()), LONGEST);
    } catch (Throwable t) {
      return error.getClass().getName() + messageless(t);
    }
  }

  /** Returns simple class name and message, "IllegalStateException: bad row"; never fails. */
  public static String simple(Throwable error) {
    String name = simpleName(error);
    try {
      String message = error.getMessage();
      return message == null ? name : name + ": " + cut(message, LONGEST);
    } catch (Throwable t) {
      return name + messageless(t);
    }
  }

  /** Returns the message, or where that is null or cannot be had the class; never fails. */
  public static String message(Throwable error) {
    try {
      String message = error.getMessage();
      return message == null ? error.getClass().getName() : cut(message, LONGEST);
    } catch (Throwable t) {
      return error.getClass().getName() + messageless(t);
    }
  }

  /** Returns the cause, null if there is none or it cannot be had. */
  public static Throwable cause(Throwable error) {
    try {
      return error.getCause();
    } catch (Throwable t) {
      return null;
    }
  }

  /** Returns the stack trace, an empty one if it cannot be had. */
  public static StackTraceElement[] frames(Throwable error) {
    try {
      StackTraceElement[] frames = error.getStackTrace();
      return frames == null ? NO_FRAMES : frames;
    } catch (Throwable t) {
      return NO_FRAMES;
    }
  }

  /** Returns at most about {@code longest} characters of a text, and how many are missing. */
  public static String cut(String text, int longest) {
    int missing = text.length() - longest;
    return sendable(
        missing <= 0
            ? text
            : "%s... (%,d more characters)".formatted(text.substring(0, longest), missing));
  }

  /**
   * Returns the text with half characters, which no message can carry, written out, and with
   * control characters but line ends and tabs: a terminal would move its cursor over what was
   * there, or change its settings.
   */
  public static String sendable(String text) {
    if (text.codePoints().noneMatch(point -> isHalf(point) || isControl(point))) {
      return text;
    }
    StringBuilder written = new StringBuilder();
    text.codePoints()
        .forEach(
            point -> {
              if (isHalf(point)) {
                written.append("\\u%04x".formatted(point));
              } else if (isControl(point)) {
                written.append("\\x%02x".formatted(point));
              } else {
                written.appendCodePoint(point);
              }
            });
    return written.toString();
  }

  private static boolean isHalf(int point) {
    return Character.MIN_SURROGATE <= point && point <= Character.MAX_SURROGATE;
  }

  private static boolean isControl(int point) {
    return Character.isISOControl(point) && point != '\n' && point != '\t';
  }

  private static String messageless(Throwable failure) {
    return " (its message cannot be had: " + failure.getClass().getName() + ")";
  }

  private static String simpleName(Throwable error) {
    try {
      String name = error.getClass().getSimpleName();
      return name.isEmpty() ? error.getClass().getName() : name;
    } catch (Throwable t) { // of classes that other languages than Java have named
      return error.getClass().getName();
    }
  }
}
