package com.acme.bench;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Deterministic numbers and sums; the twin of benchmarks/common/digest.py. */
public final class Digest {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private Digest() {}

  /** Returns the n-th output of SplitMix64 with seed 0. */
  public static long mix(long n) {
    long h = (n + 1) * GOLDEN;
    h = (h ^ h >>> 30) * 0xBF58476D1CE4E5B9L;
    h = (h ^ h >>> 27) * 0x94D049BB133111EBL;
    return h ^ h >>> 31;
  }

  /**
   * Returns a number for a record of whole numbers and strings; the order of the fields matters.
   */
  public static long of(Object... fields) {
    long h = 17;
    for (Object field : fields) {
      h = h * 31 + (field instanceof String text ? crc(text) : ((Number) field).longValue());
    }
    return h;
  }

  private static long crc(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }
}
