package org.anabranch.runtime.worker;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Stack traces as users want them: their own frames, with runs of engine frames folded to one line.
 */
final class StackTraces {
  private static final List<String> ENGINE =
      List.of(
          "org.anabranch.runtime.",
          "org.anabranch.api.",
          "org.anabranch.proto.",
          "org.anabranch.shaded.",
          "java.lang.reflect.",
          "java.lang.invoke.",
          "jdk.internal.reflect.");

  private StackTraces() {}

  /** Returns the trace of an exception with its causes, as Java prints it, engine frames folded. */
  static String folded(Throwable error) {
    StringBuilder text = new StringBuilder();
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    append(text, "", "", error, new StackTraceElement[0], seen);
    return text.toString();
  }

  private static void append(
      StringBuilder text,
      String indent,
      String caption,
      Throwable error,
      StackTraceElement[] enclosing,
      Set<Throwable> seen) {
    text.append(indent).append(caption).append(describe(error)).append('\n');
    if (!seen.add(error)) {
      return; // an exception that is its own cause
    }
    StackTraceElement[] frames = error.getStackTrace();
    int common = common(frames, enclosing);
    appendFrames(text, indent, frames, frames.length - common);
    if (common > 0) {
      text.append(indent).append("\t... ").append(common).append(" more\n");
    }
    for (Throwable suppressed : error.getSuppressed()) {
      append(text, indent + "\t", "Suppressed: ", suppressed, frames, seen);
    }
    if (error.getCause() != null) {
      append(text, indent, "Caused by: ", error.getCause(), frames, seen);
    }
  }

  /** An exception's toString is user code too. */
  static String describe(Throwable error) {
    try {
      return error.toString();
    } catch (RuntimeException | StackOverflowError e) {
      return error.getClass().getName() + " (its message cannot be had: " + e + ")";
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

  private static void appendFrames(
      StringBuilder text, String indent, StackTraceElement[] frames, int n) {
    int engine = 0;
    for (int i = 0; i < n; i++) {
      if (isEngine(frames[i]) || isJdkInsideEngine(frames, i) || isBridgeMethod(frames, i)) {
        engine++;
        continue;
      }
      appendFolded(text, indent, engine);
      engine = 0;
      text.append(indent).append("\tat ").append(frame(frames[i])).append('\n');
    }
    appendFolded(text, indent, engine);
  }

  private static void appendFolded(StringBuilder text, String indent, int engine) {
    if (engine > 0) {
      String plural = engine == 1 ? " engine frame\n" : " engine frames\n";
      text.append(indent).append("\t... ").append(engine).append(plural);
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
  static String userPlace(StackTraceElement[] frames) {
    for (StackTraceElement frame : frames) {
      if (!isEngine(frame) && !isJdk(frame)) {
        return place(frame);
      }
    }
    return "";
  }

  /** Returns whether the engine, and no code of the user, has called what failed in the JDK. */
  static boolean isEnginesOwn(Throwable error) {
    for (StackTraceElement frame : error.getStackTrace()) {
      if (!isJdk(frame)) {
        return isEngine(frame);
      }
    }
    return false;
  }

  /** Returns whether any frame of the exception or of its causes is user code. */
  static boolean touchesUserCode(Throwable error) {
    List<Throwable> chain = new ArrayList<>();
    for (Throwable t = error; t != null && !chain.contains(t); t = t.getCause()) {
      chain.add(t);
    }
    return chain.stream().anyMatch(t -> !userPlace(t.getStackTrace()).isEmpty());
  }
}
