package org.anabranch.runtime.worker;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Standard output in whole lines: one system call per line, so that lines of tasks, and of
 * processes that share a pipe, never mix. Always UTF-8, which is what the driver reads.
 */
public final class LineOutput extends OutputStream {
  // Text without an end of line is not held for ever.
  private static final int MOST_HELD = 64 << 10;

  private final OutputStream target;
  private final LineEnds ends = new LineEnds();
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();

  LineOutput(OutputStream target) {
    this.target = target;
  }

  /** Replaces {@link System#out} and {@link System#err}. */
  public static void install() {
    System.setOut(stream(new FileOutputStream(FileDescriptor.out)));
    System.setErr(stream(new FileOutputStream(FileDescriptor.err)));
  }

  /** Has {@link System#out} and {@link System#err} passed on to the worker's master. */
  public static void forward(Worker worker) {
    System.setOut(stream(new LinePasser(line -> worker.printed("stdout", line))));
    System.setErr(stream(new LinePasser(line -> worker.printed("stderr", line))));
  }

  private static PrintStream stream(OutputStream target) {
    return new PrintStream(new LineOutput(target), false, StandardCharsets.UTF_8);
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

  @Override
  public synchronized void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    byte[] given = ends.translate(bytes, offset, length);
    int end = given.length;
    while (end > 0 && given[end - 1] != '\n') {
      end--;
    }
    held.write(given, 0, end);
    if (end > 0) {
      flush();
    }
    held.write(given, end, given.length - end);
    if (held.size() > MOST_HELD) {
      flush();
    }
  }

  @Override
  public synchronized void flush() throws IOException {
    if (held.size() > 0) {
      byte[] whole = held.toByteArray();
      held.reset();
      target.write(whole);
    }
  }
}
