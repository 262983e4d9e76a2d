package org.anabranch.runtime.state;

import java.math.BigInteger;
import java.util.Arrays;
import org.anabranch.runtime.records.Encoder;

/**
 * Turns keys into what stands for them in a map of the heap: two are equal exactly if the canonical
 * encodings of the keys are.
 *
 * <p>Strings and whole numbers, which are most keys, stand for themselves; all others are compared
 * by their encoding, so that mutable keys and keys without {@code equals} work as well.
 */
final class StateKeys {
  private static final int LONG_BITS = 63;

  private final Encoder encoder;

  StateKeys(Encoder encoder) {
    this.encoder = encoder;
  }

  /** Returns what stands for a key, which stands for itself. */
  Object of(Object key) {
    if (key instanceof String || key instanceof Long || key instanceof EncodedKey) {
      return key;
    }
    // All whole numbers have one encoding, whatever class they are.
    if (key instanceof Integer || key instanceof Short || key instanceof Byte) {
      return ((Number) key).longValue();
    }
    if (key instanceof BigInteger big && big.bitLength() <= LONG_BITS) {
      return big.longValue();
    }
    return new EncodedKey(encoder.encodeKey(key));
  }

  /** Returns the canonical encoding of a key that {@link #of} has made. */
  static byte[] encoded(Object stateKey, Encoder encoder) {
    return stateKey instanceof EncodedKey encoded ? encoded.bytes : encoder.encodeKey(stateKey);
  }

  /** Returns what is saved for a key that {@link #of} has made. */
  static Object saved(Object stateKey) {
    return stateKey instanceof EncodedKey encoded ? encoded.bytes : stateKey;
  }

  /** Returns the key that was saved. */
  static Object loaded(Object saved) {
    return saved instanceof byte[] bytes ? new EncodedKey(bytes) : saved;
  }

  /**
   * The canonical encoding of a key. Data chooses the bytes, so it can choose any number of one
   * hash; a hash map then finds its way by comparing them.
   */
  private static final class EncodedKey implements Comparable<EncodedKey> {
    private final byte[] bytes;
    private final int hash;

    EncodedKey(byte[] bytes) {
      this.bytes = bytes;
      this.hash = Arrays.hashCode(bytes);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof EncodedKey that
          && hash == that.hash
          && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public int compareTo(EncodedKey that) {
      return Arrays.compareUnsigned(bytes, that.bytes);
    }
  }
}
