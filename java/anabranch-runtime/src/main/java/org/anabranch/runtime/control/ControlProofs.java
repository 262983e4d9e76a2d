package org.anabranch.runtime.control;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What proves that one knows a token, without showing it: see {@code authentication.proto}. Those
 * of everybody who knows this token.
 */
public final class ControlProofs {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int NONCE_BYTES = 32;

  private final SecretKeySpec key;

  /**
   * Makes those of a token.
   *
   * @param token the secret, as its holders write it
   */
  public ControlProofs(String token) {
    key = new SecretKeySpec(token.getBytes(StandardCharsets.UTF_8), ALGORITHM);
  }

  /** Returns a value that was never there before, as 64 hex digits. */
  public static String newNonce() {
    byte[] nonce = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(nonce);
    return HexFormat.of().formatHex(nonce);
  }

  /** Returns what a server answers to a client that wants a challenge. */
  public String ofChallenge(String nonce, String challenge) {
    return proof("challenge", nonce, challenge);
  }

  /** Returns what a client sends with a call. */
  public String ofClient(String method, String challenge, String nonce) {
    return proof("client", method, challenge, nonce);
  }

  /** Returns what the server answers to it. */
  public String ofServer(String method, String challenge, String nonce) {
    return proof("server", method, challenge, nonce);
  }

  /** Compares without telling by the time how much was right. */
  public static boolean same(String given, String expected) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8));
  }

  private String proof(String... parts) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return HexFormat.of()
          .formatHex(mac.doFinal(String.join("|", parts).getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + ALGORITHM, e);
    }
  }
}
