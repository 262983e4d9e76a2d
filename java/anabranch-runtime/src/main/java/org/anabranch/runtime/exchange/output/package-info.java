/**
 * The producer's side of an exchange: listens for consumers and lets them in, chooses the channels
 * of each record, encodes, and sends as fast as consumers take.
 *
 * <p>Knows nothing of the input side.
 */
package org.anabranch.runtime.exchange.output;
