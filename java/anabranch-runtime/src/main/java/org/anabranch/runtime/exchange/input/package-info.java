/**
 * The consumer's side of an exchange: dials producers, takes their frames in turn, decodes them.
 * What barriers mean to the order of frames depends on the kind of gate.
 *
 * <p>Knows nothing of the output side.
 */
package org.anabranch.runtime.exchange.input;
