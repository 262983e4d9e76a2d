package com.acme.shuffle;

import com.acme.bench.Digest;
import com.acme.bench.NumberedSource;
import org.anabranch.api.tuple.Tuple2;

/** Emits (key, number), with a key that the number decides. */
public final class PairSource extends NumberedSource {
  private static final long serialVersionUID = 1L;

  private final long keys;

  /** Creates a source of so many records of so many keys. */
  public PairSource(long records, long keys, String marks) {
    super(records, marks);
    this.keys = keys;
  }

  /** Returns the pair of a number. */
  public static Tuple2<String, Long> pair(long number, long keys) {
    return new Tuple2<>("key-" + Long.remainderUnsigned(Digest.mix(number), keys), number);
  }

  @Override
  protected Object record(long number) {
    return pair(number, keys);
  }
}
