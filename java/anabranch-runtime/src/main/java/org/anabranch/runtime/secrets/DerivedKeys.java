package org.anabranch.runtime.secrets;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keys for one purpose each, made from a job's secret: whoever learns one of them learns none of
 * the others.
 */
public final class DerivedKeys {
  private static final String ALGORITHM = "HmacSHA256";

  private DerivedKeys() {}

  /** Returns a new maker of codes (HMAC-SHA-256) with the key of a purpose. */
  public static Mac codes(byte[] secret, String purpose) {
    return hmac(key(secret, purpose));
  }

  /**
   * Returns 32 bytes: HKDF-Expand of RFC 5869 with SHA-256, for a secret that is random already.
   */
  static byte[] key(byte[] secret, String purpose) {
    Mac expand = hmac(secret);
    expand.update(purpose.getBytes(StandardCharsets.UTF_8));
    expand.update((byte) 1);
    return expand.doFinal();
  }

  private static Mac hmac(byte[] key) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
