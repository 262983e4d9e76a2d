package org.anabranch.runtime.operator;

import java.math.BigInteger;
import java.util.Arrays;
import org.anabranch.runtime.records.Keys;

/**
 * What a key is in a map of the heap: equal exactly if the canonical encodings of the keys are
 * equal.
 *
 * <p>Strings and whole numbers, which are most keys, stand for themselves; all others are compared
 * by their encoding, so that mutable keys and keys without {@code equals} work as well.
 */
final class StateKey {
  private static final int LONG_BITS = 63;

  private final byte[] encoded;
  private final int hash;

  private StateKey(byte[] encoded) {
    this.encoded = encoded;
    this.hash = Arrays.hashCode(encoded);
  }

  static Object of(Object key) {
    if (key instanceof String || key instanceof Long) {
      return key;
    }
    // All whole numbers have one encoding, whatever class they are.
    if (key instanceof Integer || key instanceof Short || key instanceof Byte) {
      return ((Number) key).longValue();
    }
    if (key instanceof BigInteger big && big.bitLength() <= LONG_BITS) {
      return big.longValue();
    }
    return new StateKey(Keys.encodeKey(key));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StateKey that
        && hash == that.hash
        && Arrays.equals(encoded, that.encoded);
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
