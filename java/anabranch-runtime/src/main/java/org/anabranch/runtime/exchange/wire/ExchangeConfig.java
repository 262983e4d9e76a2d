package org.anabranch.runtime.exchange.wire;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the data plane of a job is told by the master; the same for all its tasks.
 *
 * @param jobId the job that a consumer must name in its handshake
 * @param token the job's secret, 32 bytes
 * @param socketDir where Unix sockets are made, private to the user; empty: TCP only
 * @param listenHost the address that TCP listeners are bound to
 * @param transport which kind of socket to listen on
 * @param maxBatchRecords records of a frame, at most
 * @param maxBatchBytes payload bytes of a frame, as a target
 * @param maxFrameBytes bytes of a frame, at most
 * @param sendQueueBytes unsent bytes at which a channel stops its task
 * @param socketBufferBytes kernel buffer of a socket, each way
 * @param handshakeTimeoutMs a connection must have sent its whole request by then
 * @param severalHosts true if a consumer may be on another host
 */
public record ExchangeConfig(
    String jobId,
    byte[] token,
    Optional<Path> socketDir,
    String listenHost,
    Transport transport,
    int maxBatchRecords,
    int maxBatchBytes,
    int maxFrameBytes,
    int sendQueueBytes,
    int socketBufferBytes,
    int handshakeTimeoutMs,
    boolean severalHosts) {

  /** Length of a job's token in bytes. */
  public static final int TOKEN_BYTES = 32;

  /** Checks what the rest of the package relies on. */
  public ExchangeConfig {
    if (token.length != TOKEN_BYTES) {
      throw new IllegalArgumentException(
          "the job's token must have %d bytes, not %d".formatted(TOKEN_BYTES, token.length));
    }
    if (transport == Transport.UNIX && socketDir.isEmpty()) {
      throw new IllegalArgumentException(
          "anabranch.exchange.transport is unix, but this worker was given no directory for sockets");
    }
  }

  /** Kind of socket that a task listens on. */
  public enum Transport {
    /** Unix sockets where the job has a directory for them, else TCP. */
    AUTO,
    /** Unix sockets only. */
    UNIX,
    /** TCP only. */
    TCP
  }
}
