package org.anabranch.runtime.bridge;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Secrets for what this JVM serves to itself. */
public final class Tokens {
  private static final int BYTES = 32;

  private Tokens() {}

  /** Returns a token that nobody can guess, as hex digits. */
  public static String draw() {
    byte[] token = new byte[BYTES];
    new SecureRandom().nextBytes(token);
    return HexFormat.of().formatHex(token);
  }
}
