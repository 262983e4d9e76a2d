package org.anabranch.runtime.checkpoint;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import org.anabranch.runtime.secrets.DerivedKeys;

/**
 * Codes of the parts of one state file: who does not know the job's secret cannot make one, nor
 * pass a part off as that of another file or place. Belongs to one thread.
 */
final class PartCodes {
  static final int BYTES = 16;

  private final Mac mac;
  private final byte[] name;

  /**
   * Creates the codes of a file.
   *
   * @param name of the file, from the job's id on
   */
  PartCodes(byte[] secret, String name) {
    this.mac = DerivedKeys.codes(secret, "checkpoint");
    this.name = name.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the code of what is at this place of the file. */
  byte[] of(long offset, ByteString part) {
    mac.update(name);
    mac.update((byte) 0);
    mac.update(ByteBuffer.allocate(Long.BYTES).putLong(offset).flip());
    part.asReadOnlyByteBufferList().forEach(mac::update);
    return Arrays.copyOf(mac.doFinal(), BYTES);
  }

  /** Returns whether this is the code of what is at this place, in a time that tells nothing. */
  boolean matches(ByteString code, long offset, ByteString part) {
    return MessageDigest.isEqual(of(offset, part), code.toByteArray());
  }
}
