package org.anabranch.runtime.exchange.input;

import org.anabranch.proto.v1.FrameHeader;

/**
 * One frame as it was received: a view into its channel's buffer, valid until the next one is asked
 * for.
 */
record Frame(FrameHeader header, byte[] bytes, int payloadStart, int payloadLength) {}
