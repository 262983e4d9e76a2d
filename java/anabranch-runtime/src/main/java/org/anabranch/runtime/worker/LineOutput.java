package org.anabranch.runtime.worker;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Standard output in whole lines: one system call per line, so that lines of tasks, and of
 * processes that share a pipe, never mix. Always UTF-8, which is what the driver reads.
 */
public final class LineOutput extends OutputStream {
  // Text without an end of line is not held for ever.
  private static final int MOST_HELD = 64 << 10;

  private final OutputStream target;
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();

  LineOutput(OutputStream target) {
    this.target = target;
  }

  /** Replaces {@link System#out} and {@link System#err}. */
  public static void install() {
    System.setOut(stream(FileDescriptor.out));
    System.setErr(stream(FileDescriptor.err));
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(
        new LineOutput(new FileOutputStream(descriptor)), false, StandardCharsets.UTF_8);
  }

  @Override
  public synchronized void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    int end = offset + length;
    while (end > offset && bytes[end - 1] != '\n') {
      end--;
    }
    held.write(bytes, offset, end - offset);
    if (end > offset) {
      flush();
    }
    held.write(bytes, end, offset + length - end);
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
