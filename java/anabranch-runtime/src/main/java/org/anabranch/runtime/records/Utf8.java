package org.anabranch.runtime.records;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Strict UTF-8: the JDK's own conversions replace what is wrong instead of refusing it. */
final class Utf8 {
  private Utf8() {}

  /**
   * Returns the number of bytes of a string.
   *
   * @throws RecordException if it has a surrogate without its other half, or is too long
   */
  static int length(String value) {
    int length = value.length();
    long n = length;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c >= 0x80) {
        n++;
        if (c >= 0x800) {
          n++;
          if (Character.isSurrogate(c)) {
            if (!Character.isHighSurrogate(c)
                || i + 1 == length
                || !Character.isLowSurrogate(value.charAt(i + 1))) {
              throw new RecordException(
                  "a String has half a surrogate pair (U+%04X) at position %d"
                      .formatted((int) c, i));
            }
            // Two characters, four bytes.
            i++;
          }
        }
      }
    }
    if (n > Integer.MAX_VALUE - 8) {
      throw new RecordException("a String takes more than 2 GiB");
    }
    return (int) n;
  }

  /**
   * Returns a string.
   *
   * @throws RecordException if the bytes are not UTF-8
   */
  static String decode(byte[] bytes, int start, int length) {
    String value = new String(bytes, start, length, StandardCharsets.UTF_8);
    // The replacement character is a wrong byte, or the character itself. Looking for it costs
    // next to nothing: most strings hold one byte per character and cannot have it.
    if (value.indexOf('\uFFFD') >= 0) {
      try {
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, start, length));
      } catch (CharacterCodingException e) {
        throw new RecordException("a string is not UTF-8", e);
      }
    }
    return value;
  }
}
