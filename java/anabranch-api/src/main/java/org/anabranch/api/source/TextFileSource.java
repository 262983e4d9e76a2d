package org.anabranch.api.source;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/**
 * Emits the lines of a UTF-8 file without their line ends ({@code \n} or {@code \r\n}).
 *
 * <p>Subtask i of n reads the lines that <em>begin</em> in the i-th of n equal byte ranges, so each
 * line is read once at any parallelism, however long it is. A byte order mark at the beginning is
 * no part of a line.
 */
public final class TextFileSource implements SourceFunction<String> {
  private static final long serialVersionUID = 1L;
  private static final int BUFFER = 256 << 10;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private final String path;
  private transient InputStream file;
  private transient long position;
  private transient long end;

  public TextFileSource(String path) {
    this.path = path;
  }

  @Override
  public void init(int parallelism, int index) throws IOException {
    checkRegular();
    long size = Files.size(Path.of(path));
    position = size * index / parallelism;
    end = size * (index + 1) / parallelism;
    // A line that begins exactly here is ours; it does if the byte before ends another.
    openAt(Math.max(0, position - 1));
    if (position > 0) {
      position -= 1;
      readLine();
    }
  }

  private void checkRegular() throws IOException {
    Path file = Path.of(path);
    if (Files.isDirectory(file)) {
      throw new IOException(path + " is a directory; name one file");
    }
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException(path + " is not a regular file; read it with a source of your own");
    }
    if (Files.exists(file) && Files.size(file) == 0) {
      try (InputStream opened = new FileInputStream(path)) {
        if (opened.read() >= 0) {
          throw new IOException(
              path
                  + " has no size, so its lines cannot be shared out;"
                  + " read it with a source of your own");
        }
      }
    }
  }

  private void openAt(long start) throws IOException {
    FileInputStream opened = new FileInputStream(path);
    opened.getChannel().position(start);
    file = new BufferedInputStream(opened, BUFFER);
  }

  @Override
  public void fetch(SourceContext<String> context) throws Exception {
    for (int left = context.wanted(); left > 0; left--) {
      if (position >= end) {
        throw new EndOfDataException();
      }
      long start = position;
      byte[] line = readLine();
      if (line == null) {
        throw new EndOfDataException();
      }
      if (start > 0 || !hasByteOrderMark(line)) {
        context.collect(decode(line, 0, start));
      } else if (position > BYTE_ORDER_MARK.length) {
        context.collect(decode(line, BYTE_ORDER_MARK.length, start));
      }
    }
  }

  @Override
  public Object saveCheckpoint() {
    return position; // a line begins here
  }

  @Override
  public void loadCheckpoint(Object state) throws IOException {
    file.close();
    position = (Long) state;
    openAt(position);
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }

  /** Returns the next line without its end and moves on, or returns null at the end of the file. */
  private byte[] readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int next = file.read();
    if (next < 0) {
      return null;
    }
    while (next >= 0 && next != '\n') {
      line.write(next);
      next = file.read();
    }
    position += line.size() + (next == '\n' ? 1 : 0);
    return line.toByteArray();
  }

  private static boolean hasByteOrderMark(byte[] line) {
    return line.length >= BYTE_ORDER_MARK.length
        && Arrays.equals(
            line, 0, BYTE_ORDER_MARK.length, BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length);
  }

  private String decode(byte[] line, int from, long start) throws IOException {
    int length =
        line.length > from && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(line, from, length - from))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IOException("%s, line at byte %d: not UTF-8".formatted(path, start), e);
    }
  }
}
