/**
 * Snapshots of tasks on their way to the master and back, and the files that hold the large values
 * of them. See {@code docs/design/011-state.md}.
 */
package org.anabranch.runtime.checkpoint;
