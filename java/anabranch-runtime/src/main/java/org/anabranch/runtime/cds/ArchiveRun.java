package org.anabranch.runtime.cds;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.runtime.bridge.BridgeMain;
import org.anabranch.runtime.bridge.Tokens;
import org.anabranch.runtime.worker.Worker;
import py4j.GatewayServer;

/**
 * A short run of everything that a job's start needs, for a JVM that is making a class data
 * archive: one call over the bridge, and a worker that runs a job of two tasks.
 *
 * <p>Ends at once when standard input does, as {@link BridgeMain} does.
 */
public final class ArchiveRun {
  private static final long LIMIT_SECONDS = 60;

  private ArchiveRun() {}

  /**
   * Runs, and ends the JVM in the orderly way that makes it write its archive.
   *
   * @param arguments a private directory for sockets, which whoever starts this removes
   */
  public static void main(String[] arguments)
      throws IOException, URISyntaxException, InterruptedException {
    Thread lifeLine = new Thread(ArchiveRun::awaitEndOfInput, "life-line");
    lifeLine.setDaemon(true);
    lifeLine.start();
    callOverBridge();
    runJob(Path.of(arguments[0]));
    System.exit(0);
  }

  private static void awaitEndOfInput() {
    BridgeMain.awaitEnd(System.in);
    Runtime.getRuntime().halt(1);
  }

  private static void callOverBridge() throws IOException {
    String token = Tokens.draw();
    GatewayServer server = BridgeMain.serve(token, code -> {});
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.getListeningPort())) {
      String calls =
          "A\n" + token + "\ne\nc\nt\ncheckFunction\nsmap\nsjava.lang.String::valueOf\ni0\ns\ne\n";
      OutputStream out = socket.getOutputStream();
      out.write(calls.getBytes(StandardCharsets.UTF_8));
      InputStream in = socket.getInputStream();
      for (int answers = 0; answers < 2; ) {
        int b = in.read();
        if (b < 0) {
          return;
        }
        answers += b == '\n' ? 1 : 0;
      }
    } finally {
      server.shutdown();
    }
  }

  private static void runJob(Path sockets)
      throws IOException, URISyntaxException, InterruptedException {
    Path jar =
        Path.of(ArchiveRun.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    CountDownLatch ended = new CountDownLatch(1);
    try (ArchiveMaster master = new ArchiveMaster(jar, sockets)) {
      Worker.start("archive-run", master.address(), master.token(), code -> ended.countDown());
      ended.await(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Emits a few records of the usual types. */
  public static final class Numbers implements SourceFunction<Object> {
    private static final long serialVersionUID = 1L;
    private static final int ROUNDS = 50;

    private int round;

    @Override
    public void init(int parallelism, int index) {
      // one subtask emits all
    }

    @Override
    public void fetch(SourceContext<Object> context) throws EndOfDataException {
      if (round++ == ROUNDS) {
        throw new EndOfDataException();
      }
      for (int i = 0; i < ROUNDS; i++) {
        context.collect("record " + i);
        context.collect(org.anabranch.api.tuple.Tuple.of("pair", (long) i));
      }
    }
  }
}
