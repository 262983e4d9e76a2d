package org.anabranch.runtime.records;

import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.Config;
import java.io.ObjectInputFilter.FilterInfo;
import java.io.ObjectInputFilter.Status;

/**
 * What Java serialization may read: no more than its bytes can describe, and of that what the JVM's
 * own filter ({@code jdk.serialFilter}) has nothing against.
 *
 * <p>A filter that is set on a stream takes the place of the JVM's, so that has to be asked here.
 */
public final class SerialFilter {
  // A hash table is allocated larger than what is written of it: by its load factor, and up to a
  // power of two.
  private static final int SLACK = 8;
  private static final int MAX_DEPTH = 5000;

  private SerialFilter() {}

  /**
   * Returns the filter for a stream.
   *
   * @param length the bytes of the stream
   */
  public static ObjectInputFilter of(long length) {
    return info -> {
      if (exceeds(info, length)) {
        return Status.REJECTED;
      }
      ObjectInputFilter ofTheJvm = Config.getSerialFilter();
      return ofTheJvm == null ? Status.UNDECIDED : ofTheJvm.checkInput(info);
    };
  }

  private static boolean exceeds(FilterInfo info, long length) {
    return info.arrayLength() > SLACK * length
        || info.depth() > MAX_DEPTH
        || info.references() > length;
  }
}
