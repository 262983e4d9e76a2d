/**
 * One task: a chain of operators on a thread of its own, its states, its errors, and what it tells
 * user code. What it does with records and checkpoints is the affair of its {@link
 * org.anabranch.runtime.task.run.Run}.
 */
package org.anabranch.runtime.task;
