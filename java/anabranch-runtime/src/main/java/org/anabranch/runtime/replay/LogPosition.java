package org.anabranch.runtime.replay;

/**
 * A place in a determinant log.
 *
 * @param epoch number of the last barrier before it
 * @param index number of entries of the epoch before it
 */
public record LogPosition(long epoch, long index) {}
