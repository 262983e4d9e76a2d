package org.anabranch.runtime.exchange.input;

import org.anabranch.proto.v1.FrameHeader;

/**
 * What was taken from a channel.
 *
 * @param channel its id
 * @param batch records; null if it was a control frame
 * @param control the header of a control frame, else null
 */
public record Received(int channel, InputBatch batch, FrameHeader control) {}
