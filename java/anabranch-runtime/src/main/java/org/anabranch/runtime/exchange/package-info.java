/**
 * The data plane of one task: its listener, its connections, its input and output gates.
 *
 * <p>Everything here belongs to the task's own thread. There are no I/O threads and no locks:
 * sockets are non-blocking and served by one selector, in {@link
 * org.anabranch.runtime.exchange.Exchange#poll}. The bytes on the wire are described in {@code
 * docs/design/001-data-plane.md}.
 */
package org.anabranch.runtime.exchange;
