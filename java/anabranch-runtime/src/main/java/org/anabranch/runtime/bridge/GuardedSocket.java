package org.anabranch.runtime.bridge;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** A connection that can be read once it has begun with py4j's authentication command. */
final class GuardedSocket extends Socket {
  private static final int PATIENCE_MILLIS = 5000;

  private final byte[] greeting;
  private volatile boolean admitted;
  private InputStream in;

  GuardedSocket(String token) {
    greeting = ("A\n" + token + "\n").getBytes(StandardCharsets.UTF_8);
  }

  boolean isAdmitted() {
    return admitted;
  }

  @Override
  public synchronized InputStream getInputStream() throws IOException {
    if (in == null) {
      in = new Guarded(super.getInputStream());
    }
    return in;
  }

  private final class Guarded extends FilterInputStream {
    Guarded(InputStream connection) {
      super(connection);
    }

    @Override
    public int read() throws IOException {
      admit();
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      admit();
      return in.read(bytes, offset, length);
    }

    /**
     * Reads the greeting, whole before it is compared, and has py4j read it again if it is right.
     */
    private void admit() throws IOException {
      if (admitted) {
        return;
      }
      byte[] given = new byte[greeting.length];
      long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
      for (int length = 0; length < given.length; ) {
        long left = (deadline - System.nanoTime()) / 1_000_000L;
        if (left <= 0) {
          close();
          throw new IOException("the caller has shown no token in time");
        }
        setSoTimeout((int) left);
        int n = in.read(given, length, given.length - length);
        if (n < 0) {
          close();
          throw new IOException("the caller has shown no token");
        }
        length += n;
      }
      if (!MessageDigest.isEqual(given, greeting)) {
        close();
        throw new IOException("the caller has shown a wrong token");
      }
      setSoTimeout(0);
      admitted = true;
      in = new SequenceInputStream(new ByteArrayInputStream(given), in);
    }
  }
}
