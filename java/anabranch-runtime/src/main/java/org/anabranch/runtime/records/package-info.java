/**
 * Records as bytes, as {@code docs/design/002-records.md} says.
 *
 * <p>{@link org.anabranch.runtime.records.Encoder} and {@link
 * org.anabranch.runtime.records.Decoder} serve one edge of one task each and belong to the task's
 * thread; a {@link org.anabranch.runtime.records.TypeRegistry} is shared by all tasks of a job.
 *
 * <p>This package knows nothing of tasks, sockets and operators.
 */
package org.anabranch.runtime.records;
