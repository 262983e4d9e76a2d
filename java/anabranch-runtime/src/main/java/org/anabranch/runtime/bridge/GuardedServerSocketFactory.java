package org.anabranch.runtime.bridge;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Queue;
import javax.net.ServerSocketFactory;

/**
 * Makes server sockets whose connections show py4j nothing before they have shown the token: py4j
 * itself would wait for ever, and take a line of any length.
 *
 * <p>The connections also send at once: py4j answers in several small writes, which Nagle's
 * algorithm would hold back for 40 ms.
 */
final class GuardedServerSocketFactory extends ServerSocketFactory {
  // The driver shows the token in its first packet; a thread waits for each of the others.
  private static final int MOST_STRANGERS = 16;

  private final String token;

  GuardedServerSocketFactory(String token) {
    this.token = token;
  }

  @Override
  public ServerSocket createServerSocket() throws IOException {
    return new GuardedServerSocket();
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return new GuardedServerSocket(port, 0, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return new GuardedServerSocket(port, backlog, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog, InetAddress address)
      throws IOException {
    return new GuardedServerSocket(port, backlog, address);
  }

  private final class GuardedServerSocket extends ServerSocket {
    private final Queue<GuardedSocket> strangers = new ArrayDeque<>();

    GuardedServerSocket() throws IOException {
      super();
    }

    GuardedServerSocket(int port, int backlog, InetAddress address) throws IOException {
      super(port, backlog, address);
    }

    @Override
    public Socket accept() throws IOException {
      GuardedSocket socket = new GuardedSocket(token);
      implAccept(socket);
      socket.setTcpNoDelay(true);
      strangers.removeIf(other -> other.isClosed() || other.isAdmitted());
      strangers.add(socket);
      if (strangers.size() > MOST_STRANGERS) {
        strangers.remove().close();
      }
      return socket;
    }
  }
}
