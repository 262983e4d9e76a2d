package org.anabranch.runtime.exchange.wire;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.runtime.exchange.wire.ExchangeConfig.Transport;

/** Makes sockets of either kind. All of them are non-blocking once a {@link EventLoop} has them. */
public final class Sockets {
  // Above the number of handshakes that an acceptor holds, so that the kernel queues the rest.
  private static final int BACKLOG = 128;

  // The shortest limit of the systems we run on is 103 bytes.
  private static final int LONGEST_UNIX_PATH = 100;

  private Sockets() {}

  /** A listening socket, and where peers find it. */
  public record Listener(ServerSocketChannel channel, Endpoint endpoint) {}

  /** Opens a listener of each kind that is needed. */
  public static List<Listener> listen(ExchangeConfig config, String name) throws IOException {
    Path path = config.socketDir().map(dir -> dir.resolve(name + ".sock")).orElse(null);
    boolean unix =
        switch (config.transport()) {
          case TCP -> false;
          case UNIX -> true;
          case AUTO -> path != null && path.toString().length() <= LONGEST_UNIX_PATH;
        };
    boolean tcp = !unix || (config.transport() == Transport.AUTO && config.severalHosts());
    List<Listener> listeners = new ArrayList<>();
    if (unix) {
      listeners.add(listenUnix(config, path));
    }
    if (tcp) {
      listeners.add(listenTcp(config));
    }
    return listeners;
  }

  private static Listener listenUnix(ExchangeConfig config, Path path) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, config.socketBufferBytes());
      channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
      // The directory is private to the user; the file's mode is the second lock.
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      return new Listener(channel, Endpoint.newBuilder().setUnixPath(path.toString()).build());
    } catch (IOException e) {
      closeQuietly(channel);
      throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
    }
  }

  private static Listener listenTcp(ExchangeConfig config) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, config.socketBufferBytes());
      channel.bind(new InetSocketAddress(config.listenHost(), 0), BACKLOG);
      int port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
      return new Listener(
          channel, Endpoint.newBuilder().setTcpHost(config.listenHost()).setTcpPort(port).build());
    } catch (IOException e) {
      closeQuietly(channel);
      throw new IOException("cannot listen on " + config.listenHost() + ": " + e.getMessage(), e);
    }
  }

  /** Opens a socket that fits the endpoint; connects nothing yet. */
  public static SocketChannel open(ExchangeConfig config, SocketAddress address)
      throws IOException {
    boolean unix = address instanceof UnixDomainSocketAddress;
    SocketChannel channel =
        unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
    try {
      prepare(config, channel, unix);
    } catch (IOException e) {
      closeQuietly(channel);
      throw e;
    }
    return channel;
  }

  public static void prepare(ExchangeConfig config, SocketChannel channel, boolean unix)
      throws IOException {
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.SO_SNDBUF, config.socketBufferBytes());
    channel.setOption(StandardSocketOptions.SO_RCVBUF, config.socketBufferBytes());
    if (!unix) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
  }

  /** Returns where to dial; a Unix socket is preferred if the producer has one. */
  public static SocketAddress address(Endpoint endpoint) {
    return endpoint.getUnixPath().isEmpty()
        ? new InetSocketAddress(endpoint.getTcpHost(), endpoint.getTcpPort())
        : UnixDomainSocketAddress.of(endpoint.getUnixPath());
  }

  public static void closeQuietly(Channel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It is gone either way, and nobody could do anything about it.
    }
  }
}
