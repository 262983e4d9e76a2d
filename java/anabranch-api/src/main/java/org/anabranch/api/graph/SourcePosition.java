package org.anabranch.api.graph;

import org.anabranch.api.function.SourceFunction;

/** Whether a source can go on where it was, should its worker die. */
public final class SourcePosition {
  private SourcePosition() {}

  /** Returns whether the source says at checkpoints where it is. */
  public static boolean isSavedBy(SourceFunction<?> source) {
    return Uids.savesState(source);
  }

  /** Returns what its user has to know of a source that does not. */
  public static String warning(String name) {
    return "source "
        + name
        + " saves no position (saveCheckpoint): if its worker fails it begins again, and records come"
        + " more than once";
  }
}
