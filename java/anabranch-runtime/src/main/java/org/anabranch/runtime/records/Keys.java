package org.anabranch.runtime.records;

import java.util.List;
import org.anabranch.proto.v1.Language;
import org.apache.commons.codec.digest.MurmurHash3;

/** Where a key belongs; the same in both languages. */
public final class Keys {
  // For keys whose types are not registered with other names.
  private static final ThreadLocal<Encoder> ENCODER =
      ThreadLocal.withInitial(
          () ->
              new Encoder(
                  Language.LANGUAGE_PYTHON,
                  new TypeRegistry(Keys.class.getClassLoader(), List.of())));

  private Keys() {}

  /**
   * Returns the canonical bytes of a key, with class names as they are. A job that registers types
   * with other names uses {@link Encoder#encodeKey}, which knows them.
   *
   * @throws RecordException if the value cannot be a key
   */
  public static byte[] encodeKey(Object key) {
    return ENCODER.get().encodeKey(key);
  }

  /**
   * Returns the key group of an encoded key.
   *
   * @param maxParallelism number of key groups of the job, at least 1
   * @return an index below {@code maxParallelism}
   */
  public static int keyGroup(byte[] encodedKey, int maxParallelism) {
    int hash = MurmurHash3.hash32x86(encodedKey, 0, encodedKey.length, 0);
    return Integer.remainderUnsigned(hash, maxParallelism);
  }

  /**
   * Returns the subtask that a key group belongs to.
   *
   * @param parallelism number of subtasks, at most {@code maxParallelism}
   * @return an index below {@code parallelism}
   */
  public static int subtask(int keyGroup, int parallelism, int maxParallelism) {
    return (int) ((long) keyGroup * parallelism / maxParallelism);
  }
}
