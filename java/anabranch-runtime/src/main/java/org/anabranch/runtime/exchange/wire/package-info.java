/**
 * What both sides of an exchange stand on: sockets and their selector, the first bytes of a
 * connection, proofs of membership, places on a channel, settings and errors.
 *
 * <p>Knows nothing of gates and edges. Public for the sake of the two sides; of the rest of the
 * runtime only those who run a task use its settings and errors, and nothing else of it.
 */
package org.anabranch.runtime.exchange.wire;
