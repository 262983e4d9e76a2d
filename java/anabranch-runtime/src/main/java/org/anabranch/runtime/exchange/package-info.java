/**
 * The data plane of one task: its listener, its connections, its input and output gates.
 *
 * <p>Everything here belongs to the task's own thread. There are no I/O threads and no locks:
 * sockets are non-blocking and served by one selector, in {@link
 * org.anabranch.runtime.exchange.Exchange#poll}. The bytes on the wire are described in {@code
 * docs/design/001-data-plane.md}.
 *
 * <p>{@code input} and {@code output} know nothing of each other; both stand on {@code wire}.
 * Nothing here knows of operators and of the loop that a task runs.
 */
package org.anabranch.runtime.exchange;
