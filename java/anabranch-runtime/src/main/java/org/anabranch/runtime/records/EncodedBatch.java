package org.anabranch.runtime.records;

import java.util.List;
import org.anabranch.proto.v1.Schema;

/**
 * The payload of a frame. Its bytes are valid until the encoder is used again.
 *
 * @param bytes where the payload stands; not to be modified
 * @param offset index of its first byte
 * @param length number of its bytes
 * @param schemas every schema that the payload refers to
 */
public record EncodedBatch(byte[] bytes, int offset, int length, List<Schema> schemas) {}
