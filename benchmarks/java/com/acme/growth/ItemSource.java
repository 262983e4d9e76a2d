package com.acme.growth;

import com.acme.bench.NumberedSource;
import org.anabranch.api.tuple.Tuple2;

/** Emits (number, text of a size). */
public final class ItemSource extends NumberedSource {
  private static final long serialVersionUID = 1L;

  private final String text;

  /** Creates a source of so many records with so many characters each. */
  public ItemSource(long records, int size, String marks) {
    super(records, marks);
    text = "x".repeat(size);
  }

  @Override
  protected Object record(long number) {
    return new Tuple2<>(number, text);
  }
}
