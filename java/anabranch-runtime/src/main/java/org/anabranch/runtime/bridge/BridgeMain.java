package org.anabranch.runtime.bridge;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.process.ProcessEnd;
import py4j.GatewayServer;

/**
 * The JVM that a Python driver starts.
 *
 * <p>Takes calls on a loopback port, which it prints as {@code ANABRANCH_BRIDGE_PORT=<port>} on
 * standard output, from whoever knows the token. ANABRANCH_LIFELINE is the number of a file
 * descriptor: what it has to read begins with the token, in one line, for the environment would
 * show it to user code. The driver holds its other end, and when that closes, however the driver
 * has ended, this process ends at once. Standard input is left to the functions.
 */
public final class BridgeMain {
  private static final String LIFELINE = "ANABRANCH_LIFELINE";
  private static final int ANY_PORT = 0;

  private BridgeMain() {}

  /** Serves until standard input ends. */
  public static void main(String[] arguments) {
    LineOutput.install();
    int code = 0;
    try {
      InputStream lifeline = new FileInputStream("/dev/fd/" + System.getenv(LIFELINE));
      String token = readLine(lifeline);
      if (token.isEmpty()) {
        throw new IllegalStateException(
            "the lifeline does not begin with a token; a driver starts this JVM");
      }
      GatewayServer server = serve(token, ProcessEnd::exit);
      System.out.println("ANABRANCH_BRIDGE_PORT=" + server.getListeningPort());
      awaitEnd(lifeline);
    } catch (Throwable t) { // threads of the server may be there already, and would keep the JVM
      t.printStackTrace();
      code = 1;
    }
    LineOutput.finishAllLines();
    Runtime.getRuntime().halt(code);
  }

  /** Begins to answer calls that bring the token, on a port of the server's own choice. */
  public static GatewayServer serve(String token, java.util.function.IntConsumer exit) {
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

  private static String readLine(InputStream input) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = input.read(); c >= 0 && c != '\n'; c = input.read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  /** Returns once the stream has ended, or cannot be read any more. */
  public static void awaitEnd(InputStream lifeline) {
    try {
      while (lifeline.read() >= 0) {
        // The driver writes no more; whatever came would mean nothing.
      }
    } catch (IOException e) {
      // As good as its end.
    }
  }
}
