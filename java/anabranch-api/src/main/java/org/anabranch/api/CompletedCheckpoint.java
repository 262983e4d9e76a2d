package org.anabranch.api;

import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/**
 * What a job can be rolled back to.
 *
 * @param number from 1; empty for the checkpoint that is taken once all tasks have ended
 * @param completedAt when it was complete
 * @param duration from its beginning until then
 */
public record CompletedCheckpoint(OptionalLong number, Instant completedAt, Duration duration) {}
