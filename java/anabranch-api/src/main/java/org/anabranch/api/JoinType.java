package org.anabranch.api;

/** Whether a join emits a record that was never matched, alone, once it is forgotten. */
public enum JoinType {
  /** Neither side's. */
  INNER,
  /** The left side's. */
  LEFT,
  /** The right side's. */
  RIGHT,
  /** Both sides'. */
  FULL
}
