package org.anabranch.runtime.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Stack traces as users want them: their own frames, with runs of engine frames folded to one line.
 */
public final class StackTraces {
  private static final List<String> ENGINE =
      List.of(
          "org.anabranch.runtime.",
          "org.anabranch.api.",
          "org.anabranch.proto.",
          "org.anabranch.shaded.",
          "java.lang.reflect.",
          "java.lang.invoke.",
          "jdk.internal.reflect.");

  // Deep recursion makes traces that no one reads to the end.
  private static final int LONGEST = 100_000;
  private static final int MOST_ERRORS = 50; // causes and suppressed exceptions together
  private static final int SHOWN_FRAMES = 50; // from either end
  private static final int LONGEST_CYCLE = 8; // frames of a recursion over several methods
  private static final int FEWEST_REPEATS = 4;

  private final boolean folds;
  private final StringBuilder text = new StringBuilder();
  private final Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private StackTraces(boolean folds) {
    this.folds = folds;
  }

  /** Returns the trace of an exception with its causes, as Java prints it, engine frames folded. */
  public static String folded(Throwable error) {
    return new StackTraces(true).text(error);
  }

  /** Returns the trace of an exception with its causes and all frames. */
  public static String whole(Throwable error) {
    return new StackTraces(false).text(error);
  }

  private String text(Throwable error) {
    append("", "", error, new StackTraceElement[0]);
    return ErrorText.cut(text.toString(), LONGEST);
  }

  private void append(
      String indent, String caption, Throwable error, StackTraceElement[] enclosing) {
    text.append(indent).append(caption).append(ErrorText.of(error)).append('\n');
    if (!seen.add(error) || seen.size() > MOST_ERRORS) {
      return; // an exception that is its own cause, or one of too many
    }
    StackTraceElement[] frames = ErrorText.frames(error);
    int common = common(frames, enclosing);
    appendFrames(indent, frames, frames.length - common);
    if (common > 0) {
      text.append(indent).append("\t... ").append(common).append(" more\n");
    }
    for (Throwable suppressed : error.getSuppressed()) {
      if (seen.size() <= MOST_ERRORS) {
        append(indent + "\t", "Suppressed: ", suppressed, frames);
      }
    }
    Throwable cause = ErrorText.cause(error);
    if (cause != null) {
      append(indent, "Caused by: ", cause, frames);
    }
  }

  private static int common(StackTraceElement[] frames, StackTraceElement[] enclosing) {
    int n = 0;
    while (n < frames.length
        && n < enclosing.length
        && frames[frames.length - 1 - n].equals(enclosing[enclosing.length - 1 - n])) {
      n++;
    }
    return n;
  }

  /** What a recursion repeats, over several methods too, is written once. */
  private void appendFrames(String indent, StackTraceElement[] frames, int n) {
    List<String> lines = lines(frames, n);
    List<String> written = new ArrayList<>();
    for (int at = 0; at < lines.size(); ) {
      int length = cycle(lines, at);
      int times = times(lines, at, length);
      written.addAll(lines.subList(at, at + length));
      if (times > 1) {
        String what = length == 1 ? "frame" : length + " frames";
        String often = times == 2 ? "once more" : "%,d more times".formatted(times - 1);
        written.add("... the previous " + what + " repeated " + often);
      }
      at += length * times;
    }
    int missing = written.size() - 2 * SHOWN_FRAMES;
    for (int i = 0; i < written.size(); i++) {
      if (missing > 0 && i == SHOWN_FRAMES) {
        text.append(indent).append("\t... %,d more frames\n".formatted(missing));
        i += missing;
      }
      text.append(indent).append('\t').append(written.get(i)).append('\n');
    }
  }

  /** Returns how many lines from {@code at} on are repeated often right after; 1 if none are. */
  private static int cycle(List<String> lines, int at) {
    for (int length = 1; length <= LONGEST_CYCLE; length++) {
      if (times(lines, at, length) >= FEWEST_REPEATS) {
        return length;
      }
    }
    return 1;
  }

  private static int times(List<String> lines, int at, int length) {
    int end = Math.min(at + length, lines.size());
    while (end < lines.size() && lines.get(end).equals(lines.get(end - length))) {
      end++;
    }
    int times = (end - at) / length;
    return times >= FEWEST_REPEATS ? times : 1;
  }

  private List<String> lines(StackTraceElement[] frames, int n) {
    List<String> lines = new ArrayList<>();
    int engine = 0;
    for (int i = 0; i < n; i++) {
      if (folds
          && (isEngine(frames[i]) || isJdkInsideEngine(frames, i) || isBridgeMethod(frames, i))) {
        engine++;
        continue;
      }
      addFolded(lines, engine);
      engine = 0;
      lines.add("at " + frame(frames[i]));
    }
    addFolded(lines, engine);
    return lines;
  }

  private static void addFolded(List<String> lines, int engine) {
    if (engine > 0) {
      lines.add("... " + engine + (engine == 1 ? " engine frame" : " engine frames"));
    }
  }

  private static boolean isEngine(StackTraceElement frame) {
    String name = frame.getClassName();
    return ENGINE.stream().anyMatch(name::startsWith);
  }

  private static boolean isJdk(StackTraceElement frame) {
    String module = frame.getModuleName();
    return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
  }

  /**
   * A JDK frame that the engine has called and that has called the engine, or that runs the thread.
   */
  private static boolean isJdkInsideEngine(StackTraceElement[] frames, int i) {
    if (!isJdk(frames[i])) {
      return false;
    }
    int below = i;
    while (below < frames.length && isJdk(frames[below]) && !isEngine(frames[below])) {
      below++;
    }
    int above = i;
    while (above >= 0 && isJdk(frames[above]) && !isEngine(frames[above])) {
      above--;
    }
    boolean calledByEngine = below == frames.length || isEngine(frames[below]);
    return calledByEngine && above >= 0 && isEngine(frames[above]);
  }

  /**
   * The method that javac adds to a class which implements a generic interface: it only casts, and
   * it is what the engine calls, so it stands between the user's method of the same name and the
   * engine.
   */
  private static boolean isBridgeMethod(StackTraceElement[] frames, int i) {
    return i > 0
        && i + 1 < frames.length
        && isEngine(frames[i + 1])
        && frames[i].getClassName().equals(frames[i - 1].getClassName())
        && frames[i].getMethodName().equals(frames[i - 1].getMethodName())
        && frames[i].getLineNumber() <= frames[i - 1].getLineNumber();
  }

  /** Without the loader's name and the module's version, which say nothing to a user. */
  private static String frame(StackTraceElement frame) {
    String module = isJdk(frame) ? frame.getModuleName() + "/" : "";
    return module + place(frame);
  }

  private static String place(StackTraceElement frame) {
    String where =
        frame.isNativeMethod()
            ? "Native Method"
            : frame.getFileName() == null
                ? "Unknown Source"
                : frame.getLineNumber() < 0
                    ? frame.getFileName()
                    : frame.getFileName() + ":" + frame.getLineNumber();
    return "%s.%s(%s)".formatted(frame.getClassName(), frame.getMethodName(), where);
  }

  /** Returns the innermost frame of user code, {@code "com.acme.Slow.map(Slow.java:12)"}, or "". */
  public static String userPlace(StackTraceElement[] frames) {
    for (StackTraceElement frame : frames) {
      if (!isEngine(frame) && !isJdk(frame)) {
        return place(frame);
      }
    }
    return "";
  }

  /** Returns whether the engine, and no code of the user, has called what failed in the JDK. */
  public static boolean isEnginesOwn(Throwable error) {
    for (StackTraceElement frame : ErrorText.frames(error)) {
      if (!isJdk(frame)) {
        return isEngine(frame);
      }
    }
    return false;
  }

  /** Returns whether any frame of the exception or of its causes is user code. */
  public static boolean touchesUserCode(Throwable error) {
    Throwable cause = error;
    for (int i = 0; cause != null && i < MOST_ERRORS; i++, cause = ErrorText.cause(cause)) {
      if (!userPlace(ErrorText.frames(cause)).isEmpty()) {
        return true;
      }
    }
    return false;
  }
}
