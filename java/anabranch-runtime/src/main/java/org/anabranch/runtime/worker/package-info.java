/** The worker: runs the tasks of one job in this process, as the job master says. */
package org.anabranch.runtime.worker;
