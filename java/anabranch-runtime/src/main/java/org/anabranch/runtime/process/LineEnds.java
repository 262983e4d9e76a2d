package org.anabranch.runtime.process;

import java.io.ByteArrayOutputStream;

/**
 * Where the lines of a byte stream end: at each line feed, and at each carriage return that text
 * comes after.
 *
 * <p>Turns what else ends a line into a line feed, piece by piece. Progress bars are drawn with
 * {@code "\r 10 %"}, {@code "\r 20 %"}: a carriage return ends the line before it, and at the
 * beginning of a line it ends none. {@code "\r\n"} is one end of line and stays as it is.
 */
final class LineEnds {
  private boolean returned; // and it is not known yet what comes after that
  private boolean atStart = true; // of a line

  /** Returns whether the piece that came last, if there was any, has ended a line. */
  boolean atStart() {
    return atStart && !returned;
  }

  /**
   * Returns the next piece of the stream; a carriage return at its end waits for the one after it.
   */
  byte[] translate(byte[] bytes, int offset, int length) {
    ByteArrayOutputStream translated = new ByteArrayOutputStream(length + 1);
    for (int i = offset; i < offset + length; i++) {
      byte next = bytes[i];
      if (next == '\r') {
        returned = true;
        continue;
      }
      if (returned) {
        if (next == '\n') {
          translated.write('\r');
        } else if (!atStart) {
          translated.write('\n');
        }
        returned = false;
      }
      translated.write(next);
      atStart = next == '\n';
    }
    return translated.toByteArray();
  }
}
