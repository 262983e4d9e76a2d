package org.anabranch.runtime.records.samples;

/** Has a second field of a name that it inherits. */
public final class Shadow extends Person {
  public int age;

  /** Creates a shadow. */
  public Shadow() {
    super("shadow", 0, null);
  }
}
