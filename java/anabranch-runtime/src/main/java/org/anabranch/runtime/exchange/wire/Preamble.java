package org.anabranch.runtime.exchange.wire;

import java.nio.charset.StandardCharsets;

/**
 * What a consumer sends ahead of its request, and how long a message of a handshake may be.
 *
 * <pre>
 *   MAGIC, NONCE, PROOF, LENGTH
 * </pre>
 */
public final class Preamble {
  /** The first bytes of every connection. */
  public static final byte[] MAGIC = "ANB2".getBytes(StandardCharsets.US_ASCII);

  /** Of a request or a reply. */
  public static final int MAX_MESSAGE_BYTES = 4096;

  /** What goes ahead of the request. */
  public static final int BYTES = MAGIC.length + Proofs.NONCE_BYTES + Proofs.BYTES + Integer.BYTES;

  private Preamble() {}
}
