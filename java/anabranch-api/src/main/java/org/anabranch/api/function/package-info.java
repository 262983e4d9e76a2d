/**
 * The functions that a job is made of, and what the engine gives them.
 *
 * <p>One function object serves one subtask: the engine makes an object of its own for each, and
 * calls it from the thread of that task only, one call after the other. A function therefore needs
 * no locks for its own fields. Static fields are shared by all tasks of the worker and do.
 *
 * <p>The life of a function object: it is made; {@code open} is called once if it is a {@link
 * org.anabranch.api.function.RichFunction}; its method is called for each record; {@code close} is
 * called once. An exception from any of these ends the job, and the error names the operator and
 * the record.
 *
 * <p>Records of one channel arrive in the order in which they were sent. Records that come from
 * different subtasks have no order among each other.
 */
package org.anabranch.api.function;
