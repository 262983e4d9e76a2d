package org.anabranch.runtime.exchange.wire;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import org.anabranch.runtime.secrets.DerivedKeys;

/**
 * What each side of a connection proves to know: the job's secret, which neither sends.
 *
 * <p>The producer's listener has a nonce that the job master tells consumers, the consumer makes
 * one for each connection. Either side answers for what it says with a code (HMAC-SHA256) over its
 * role, both nonces and the messages, so that what was said once is worth nothing on another
 * connection.
 */
public final class Proofs {
  public static final int NONCE_BYTES = 32;
  public static final int BYTES = 32;

  private static final String PURPOSE = "anabranch data plane";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Mac mac;
  private final byte[] listenerNonce;

  /** Creates the proofs of one listener. */
  public Proofs(byte[] token, ByteString listenerNonce) {
    this.mac = DerivedKeys.codes(token, PURPOSE);
    this.listenerNonce = listenerNonce.toByteArray();
  }

  /** Returns random bytes that nobody has used before. */
  public static byte[] newNonce() {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    return nonce;
  }

  public byte[] ofConsumer(byte[] nonce, byte[] request) {
    return code("consumer", nonce, request);
  }

  public byte[] ofProducer(byte[] nonce, byte[] request, byte[] reply) {
    return code("producer", nonce, request, reply);
  }

  /** Covers every part with its length, so that no two ways of cutting give the same bytes. */
  private byte[] code(String role, byte[]... parts) {
    add(role.getBytes(StandardCharsets.US_ASCII));
    add(listenerNonce);
    for (byte[] part : parts) {
      add(part);
    }
    return mac.doFinal();
  }

  private void add(byte[] part) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
    mac.update(part);
  }

  /** Compares in a time that does not tell where two codes differ. */
  public static boolean same(byte[] one, byte[] other) {
    return MessageDigest.isEqual(one, other);
  }
}
