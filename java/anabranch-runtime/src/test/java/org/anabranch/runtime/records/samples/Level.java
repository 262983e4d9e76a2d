package org.anabranch.runtime.records.samples;

/** An enum whose constants are classes of their own. */
public enum Level {
  LOW {
    @Override
    public int weight() {
      return 1;
    }
  },
  HIGH {
    @Override
    public int weight() {
      return 2;
    }
  };

  /** Returns how much it weighs. */
  public abstract int weight();
}
