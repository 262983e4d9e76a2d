package org.anabranch.runtime.bridge;

import java.io.IOException;
import java.net.InetAddress;
import org.anabranch.runtime.worker.LineOutput;
import py4j.GatewayServer;

/**
 * The JVM that a Python driver starts.
 *
 * <p>Takes calls on a loopback port, which it prints as {@code ANABRANCH_BRIDGE_PORT=<port>} on
 * standard output, from whoever knows the token, the first line of standard input: its environment
 * would show it to user code. Standard input is also the life line: the driver holds its other end,
 * and when that closes, however the driver has ended, this process ends at once.
 */
public final class BridgeMain {
  private static final int ANY_PORT = 0;

  private BridgeMain() {}

  /** Serves until standard input ends. */
  public static void main(String[] arguments) {
    LineOutput.install();
    int code = 0;
    try {
      String token = readLine();
      if (token.isEmpty()) {
        throw new IllegalStateException(
            "standard input does not begin with a token; a driver starts this JVM");
      }
      GatewayServer server = serve(token, Runtime.getRuntime()::halt);
      System.out.println("ANABRANCH_BRIDGE_PORT=" + server.getListeningPort());
      awaitEndOfInput();
    } catch (Throwable t) { // threads of the server may be there already, and would keep the JVM
      t.printStackTrace();
      code = 1;
    }
    System.out.flush();
    System.err.flush();
    Runtime.getRuntime().halt(code);
  }

  static GatewayServer serve(String token, java.util.function.IntConsumer exit) {
    GatewayServer server =
        new GatewayServer.GatewayServerBuilder()
            .entryPoint(new Bridge(exit))
            .javaAddress(InetAddress.getLoopbackAddress())
            .javaPort(ANY_PORT)
            .serverSocketFactory(new GuardedServerSocketFactory(token))
            .authToken(token)
            .build();
    server.start(true);
    return server;
  }

  private static String readLine() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = System.in.read(); c >= 0 && c != '\n'; c = System.in.read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  static void awaitEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        // The driver writes no more; whatever came would mean nothing.
      }
    } catch (IOException e) {
      // As good as its end.
    }
  }
}
