package org.anabranch.runtime.exchange.output;

import com.google.protobuf.ByteString;
import java.util.HashSet;
import java.util.Set;
import org.anabranch.runtime.exchange.wire.Proofs;

/** Decides who belongs to the job, for all listeners of one task. Each proof is good for once. */
final class Admissions {
  private final Proofs proofs;
  // Nonces of those who were let in.
  private final Set<ByteString> seen = new HashSet<>();

  Admissions(byte[] token, ByteString listenerNonce) {
    this.proofs = new Proofs(token, listenerNonce);
  }

  /** Returns whether this proves its sender to be of the job; the second time it does not. */
  boolean admit(byte[] nonce, byte[] proof, byte[] request) {
    return Proofs.same(proofs.ofConsumer(nonce, request), proof)
        && seen.add(ByteString.copyFrom(nonce));
  }

  /** Returns what goes ahead of a reply. */
  byte[] proofOf(byte[] nonce, byte[] request, byte[] reply) {
    return proofs.ofProducer(nonce, request, reply);
  }
}
