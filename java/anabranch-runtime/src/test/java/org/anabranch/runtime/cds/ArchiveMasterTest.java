package org.anabranch.runtime.cds;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.anabranch.runtime.bridge.Tokens;
import org.anabranch.runtime.worker.Worker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArchiveMasterTest {
  private static final long LIMIT_SECONDS = 120;
  private static final int SHUTDOWN = 0;

  @TempDir Path sockets;

  private static Socket stranger(ArchiveMaster master) throws IOException {
    String[] address = master.address().split(":");
    return new Socket(address[0], Integer.parseInt(address[1]));
  }

  @Test
  void everyTokenIsAnotherOne() throws IOException {
    try (ArchiveMaster one = new ArchiveMaster(Path.of("a.jar"), sockets);
        ArchiveMaster other = new ArchiveMaster(Path.of("a.jar"), sockets)) {
      assertThat(one.token()).hasSize(64).isNotEqualTo(other.token());
    }
  }

  @Test
  void strangersHoldUpNobody() throws IOException, InterruptedException {
    List<Socket> strangers = new ArrayList<>();
    BlockingQueue<Integer> exits = new LinkedBlockingQueue<>();
    try (ArchiveMaster master = new ArchiveMaster(Path.of("none.jar"), sockets)) {
      for (int i = 0; i < 20; i++) {
        Socket stranger = stranger(master);
        stranger
            .getOutputStream()
            .write(("0".repeat(64 * (i % 2)) + "\n").getBytes(StandardCharsets.US_ASCII));
        strangers.add(stranger);
      }

      Worker.start("archive-run", master.address(), master.token(), exits::add);

      assertThat(exits.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(SHUTDOWN);
    }
    for (Socket stranger : strangers) {
      stranger.close();
    }
  }

  @Test
  void aWorkerWithAnotherTokenIsNotServed() throws IOException, InterruptedException {
    BlockingQueue<Integer> exits = new LinkedBlockingQueue<>();
    try (ArchiveMaster master = new ArchiveMaster(Path.of("none.jar"), sockets)) {
      Worker.start("archive-run", master.address(), Tokens.draw(), exits::add);

      assertThat(exits.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(1);
    }
  }
}
