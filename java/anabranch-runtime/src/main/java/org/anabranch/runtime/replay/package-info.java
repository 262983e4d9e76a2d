/**
 * What a task remembers so that it, or the task after it, can be restored without the others: the
 * frames it has sent, and what it did that a re-run could do otherwise.
 *
 * <p>Plain data structures of one task's thread, without locks, sockets and threads. This package
 * knows nothing of tasks, channels and operators.
 *
 * <p>Two properties carry everything: a copy of a determinant log is a prefix of that log, so of
 * two copies the longer one is right; and frames keep their numbers for the life of the job, so a
 * frame that is sent again is recognised.
 */
package org.anabranch.runtime.replay;
