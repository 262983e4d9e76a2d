/**
 * How a task runs, from the moment it has gates and a chain to its end: what it does with input,
 * how it takes checkpoints, and what it repeats after a failure. One class for each mode of a job.
 *
 * <p>Of its task a run knows {@link org.anabranch.runtime.task.run.RunningTask}, and nothing of
 * workers and masters.
 */
package org.anabranch.runtime.task.run;
