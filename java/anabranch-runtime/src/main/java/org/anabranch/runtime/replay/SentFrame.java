package org.anabranch.runtime.replay;

import java.nio.ByteBuffer;

/**
 * One frame as it was sent, but without determinants. Its bytes are not to be modified, and valid
 * until the log is changed.
 *
 * @param seq its number on the channel
 * @param header the encoded header without deltas; those of a header with nothing but deltas may be
 *     appended, and the whole is the header with these deltas
 * @param payload what followed the header
 */
public record SentFrame(long seq, ByteBuffer header, ByteBuffer payload) {}
