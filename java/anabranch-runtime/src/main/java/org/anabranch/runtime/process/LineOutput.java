package org.anabranch.runtime.process;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Standard output in whole lines: one system call per line, so that lines of tasks, and of
 * processes that share a pipe, never mix. Each thread has a line of its own until it is complete,
 * also if it flushes. Always UTF-8, which is what the driver reads.
 */
public final class LineOutput extends OutputStream {
  // Text without an end of line is not held for ever.
  private static final int MOST_HELD = 64 << 10;

  private static volatile List<LineOutput> installed = List.of();

  private final OutputStream target;
  private final Map<Thread, Line> unfinished = new ConcurrentHashMap<>();

  LineOutput(OutputStream target) {
    this.target = target;
  }

  /** Replaces {@link System#out} and {@link System#err}. */
  public static void install() {
    install(new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err));
  }

  /**
   * Has the lines of {@link System#out} and {@link System#err} passed on, for a process that has no
   * pipe to its master.
   *
   * @param receiver takes the name of the stream, "stdout" or "stderr", and a line without its end
   */
  public static void forward(BiConsumer<String, String> receiver) {
    install(
        new LinePasser(line -> receiver.accept("stdout", line)),
        new LinePasser(line -> receiver.accept("stderr", line)));
  }

  static void install(OutputStream forOut, OutputStream forErr) {
    LineOutput out = new LineOutput(forOut);
    LineOutput err = new LineOutput(forErr);
    System.setOut(new PrintStream(out, false, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, false, StandardCharsets.UTF_8));
    installed = List.of(out, err);
  }

  /** Ends the unfinished lines that the calling thread has printed. */
  public static void finishLines() {
    installed.forEach(LineOutput::finish);
  }

  /** Ends the unfinished lines that any thread has printed. */
  public static void finishAllLines() {
    installed.forEach(LineOutput::finishAll);
  }

  /** Cuts whole lines, as a {@link LineOutput} writes them, into single ones. */
  private static final class LinePasser extends OutputStream {
    private final Consumer<String> passOn;

    LinePasser(Consumer<String> passOn) {
      this.passOn = passOn;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
      String whole = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      for (String line : whole.split("\n", -1)) {
        passOn.accept(line);
      }
    }
  }

  /** What a thread has printed of a line so far. */
  private static final class Line {
    private final LineEnds ends = new LineEnds();
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Line line = unfinished.computeIfAbsent(Thread.currentThread(), thread -> new Line());
    byte[] given = line.ends.translate(bytes, offset, length);
    int end = given.length;
    while (end > 0 && given[end - 1] != '\n') {
      end--;
    }
    synchronized (line) {
      line.held.write(given, 0, end);
      if (end > 0) {
        pass(line);
      }
      line.held.write(given, end, given.length - end);
      if (line.held.size() > MOST_HELD) {
        pass(line);
      }
    }
    if (line.ends.atStart()) {
      unfinished.remove(Thread.currentThread()); // which may end, and is not to be kept for that
    }
  }

  /** Passes on nothing: an unfinished line waits for its end. */
  @Override
  public void flush() {}

  private void finish() {
    finish(unfinished.remove(Thread.currentThread()));
  }

  private void finishAll() {
    for (Thread thread : unfinished.keySet()) {
      finish(unfinished.remove(thread));
    }
  }

  private void finish(Line line) {
    if (line == null) {
      return;
    }
    synchronized (line) {
      if (line.held.size() > 0) {
        line.held.write('\n');
        try {
          pass(line);
        } catch (IOException e) {
          // Nobody reads any more.
        }
      }
    }
  }

  private synchronized void pass(Line line) throws IOException {
    byte[] whole = line.held.toByteArray();
    line.held.reset();
    target.write(whole);
  }
}
