package org.anabranch.client;

/**
 * The gateway that a process uses, for as long as one of its jobs runs: a connection to the
 * configured one, or a child process.
 */
final class GatewaySession {
  private static final Object LOCK = new Object();
  private static GatewaySession shared;

  private final EmbeddedGateway embedded;
  private final GatewayChannel channel;
  private int users;

  private GatewaySession(EmbeddedGateway embedded, GatewayChannel channel) {
    this.embedded = embedded;
    this.channel = channel;
  }

  /** Returns a session; the embedded gateway is shared by all jobs of this process. */
  static GatewaySession open(ClientConfig config) {
    if (!config.address().isEmpty()) {
      return new GatewaySession(null, new GatewayChannel(config.address(), config.token()));
    }
    synchronized (LOCK) {
      if (shared == null) {
        EmbeddedGateway started = new EmbeddedGateway(config.python());
        shared =
            new GatewaySession(started, new GatewayChannel(started.address(), started.token()));
      }
      shared.users++;
      return shared;
    }
  }

  GatewayChannel channel() {
    return channel;
  }

  /** Returns true if the gateway ends with this process. */
  boolean isEmbedded() {
    return embedded != null;
  }

  /** Says that a job needs the session no more; the last one ends it. */
  void release() {
    synchronized (LOCK) {
      if (embedded != null) {
        users--;
        if (users > 0) {
          return;
        }
        shared = null;
      }
    }
    channel.close();
    if (embedded != null) {
      embedded.close();
    }
  }
}
