package org.anabranch.runtime.exchange.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.runtime.exchange.wire.Preamble;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.anabranch.runtime.task.TestJob;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Strangers on the socket of a producer: each is dropped or refused, and the job goes on. */
@Timeout(60)
class BadPeersTest {
  private static final int RECORDS = 5_000;

  @TempDir Path directory;
  private TestJob job;

  @BeforeEach
  void deployJob() {
    job = new TestJob(directory, TestJob.NUMBERS);
    var source = job.tasks(1, job.numbers(RECORDS));
    var sink = job.tasks(1, job.sink());
    job.edge(source, sink, Partitioning.Kind.KIND_FORWARD, false);
    job.deploy();
  }

  @AfterEach
  void theJobGoesOn() {
    try (TestJob deployed = job) {
      deployed.connect().awaitEnd();
      assertThat(deployed.errors()).isEmpty();
      assertThat(deployed.results())
          .containsExactlyElementsOf(LongStream.range(0, RECORDS).boxed().toList());
    }
  }

  private SocketChannel dial() throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(job.endpoint(1).getUnixPath()));
    return socket;
  }

  /** Says something; returns what the producer has answered when it closes the connection. */
  private byte[] answerTo(byte[] said) throws IOException {
    try (SocketChannel socket = dial()) {
      try {
        socket.write(ByteBuffer.wrap(said));
        ByteBuffer answer = ByteBuffer.allocate(8192);
        while (socket.read(answer) >= 0) {
          // until it closes
        }
        byte[] bytes = new byte[answer.position()];
        answer.flip().get(bytes);
        return bytes;
      } catch (IOException e) {
        return new byte[0]; // closed with some of our bytes unread
      }
    }
  }

  private byte[] hello(byte[] token, int length, byte[] request) {
    byte[] nonce = Proofs.newNonce();
    byte[] proof = new Proofs(token, job.endpoint(1).getNonce()).ofConsumer(nonce, request);
    return ByteBuffer.allocate(Preamble.BYTES + request.length)
        .put(Preamble.MAGIC)
        .put(nonce)
        .put(proof)
        .putInt(length)
        .put(request)
        .array();
  }

  private byte[] hello(ConnectRequest.Builder request) {
    byte[] bytes = request.build().toByteArray();
    return hello(TestJob.TOKEN, bytes.length, bytes);
  }

  private static ConnectRequest.Builder request() {
    return ConnectRequest.newBuilder()
        .setJobId("job")
        .setChannel(1)
        .setIncarnation(1)
        .setProducerIncarnation(1);
  }

  private Status statusOf(byte[] answer) throws IOException {
    int head = Proofs.BYTES + 4;
    int length = ByteBuffer.wrap(answer).getInt(Proofs.BYTES);
    assertThat(answer).hasSize(head + length);
    return ConnectReply.parseFrom(ByteBuffer.wrap(answer, head, length)).getStatus();
  }

  @Test
  void randomBytesAreDroppedWithoutAnAnswer() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      byte[] bytes = new byte[4 + random.nextInt(200)];
      random.nextBytes(bytes);
      assertThat(answerTo(bytes)).isEmpty();
    }
  }

  @Test
  void aWrongTokenIsDroppedWhereverItDiffers() throws IOException {
    for (int i = 0; i < 32; i++) {
      byte[] token = TestJob.TOKEN.clone();
      token[i] ^= 1;
      assertThat(answerTo(hello(token, 0, new byte[0]))).isEmpty();
    }
  }

  @Test
  void anAbsurdLengthIsDroppedAtOnce() throws IOException {
    for (int length : new int[] {4097, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
      assertThat(answerTo(hello(TestJob.TOKEN, length, new byte[0]))).isEmpty();
    }
  }

  @Test
  void aRequestThatCannotBeParsedIsDropped() throws IOException {
    Random random = new Random(8);
    for (int i = 0; i < 50; i++) {
      byte[] garbage = new byte[1 + random.nextInt(100)];
      random.nextBytes(garbage);
      garbage[0] = (byte) 0xFF; // no message begins like this
      assertThat(answerTo(hello(TestJob.TOKEN, garbage.length, garbage))).isEmpty();
    }
  }

  @Test
  void aRequestForWhatIsNotHereIsRefusedWithTheReason() throws IOException {
    assertThat(statusOf(answerTo(hello(request().setChannel(77)))))
        .isEqualTo(Status.STATUS_UNKNOWN_CHANNEL);
    assertThat(statusOf(answerTo(hello(request().setJobId("other")))))
        .isEqualTo(Status.STATUS_UNKNOWN_CHANNEL);
    assertThat(statusOf(answerTo(hello(request().setProducerIncarnation(2)))))
        .isEqualTo(Status.STATUS_FENCED);
    assertThat(statusOf(answerTo(hello(request().setNextSeq(1))))).isEqualTo(Status.STATUS_GONE);
  }

  @Test
  void whoSaysNothingIsDroppedAfterAWhileHoweverManyTheyAre() throws IOException {
    List<SocketChannel> idle = new ArrayList<>();
    for (int i = 0; i < 100; i++) { // more than are held at once; the first make room
      SocketChannel socket = dial();
      socket.write(ByteBuffer.wrap(new byte[] {'A', 'N'}));
      idle.add(socket);
    }
    for (SocketChannel socket : idle) {
      assertThat(socket.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      socket.close();
    }
  }

  @Test
  void aRecordedHandshakeLetsNobodyInASecondTime() throws IOException {
    byte[] recorded = hello(request());
    try (SocketChannel first = dial()) {
      first.write(ByteBuffer.wrap(recorded));
      assertThat(first.read(ByteBuffer.allocate(1))).isEqualTo(1);
    }

    assertThat(answerTo(recorded)).isEmpty();
  }

  @Test
  void oneByteAtATimeDoesNotBuyMoreTime() throws IOException, InterruptedException {
    byte[] hello = hello(request());
    try (SocketChannel socket = dial()) {
      for (byte b : hello) {
        socket.write(ByteBuffer.wrap(new byte[] {b}));
        Thread.sleep(10);
      }
      assertThat(socket.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("Broken pipe");
    }
  }

  @Test
  void aConsumerThatComesTwiceIsRefusedTheSecondTime() throws IOException {
    try (SocketChannel first = dial()) {
      first.write(ByteBuffer.wrap(hello(request())));
      ByteBuffer reply = ByteBuffer.allocate(Proofs.BYTES + 4);
      while (reply.hasRemaining()) {
        first.read(reply);
      }

      assertThat(statusOf(answerTo(hello(request())))).isEqualTo(Status.STATUS_FENCED);
    }
    // The first has gone before it took anything, so the real consumer can still be served.
  }

  @Test
  void aConsumerThatHasHungUpMayComeAgainAtOnce() throws IOException {
    for (int i = 0; i < 20; i++) {
      try (SocketChannel socket = dial()) {
        socket.write(ByteBuffer.wrap(hello(request())));
        ByteBuffer head = ByteBuffer.allocate(Proofs.BYTES + 4);
        while (head.hasRemaining()) {
          socket.read(head);
        }
        ByteBuffer reply = ByteBuffer.allocate(head.getInt(Proofs.BYTES));
        while (reply.hasRemaining()) {
          socket.read(reply);
        }
        assertThat(ConnectReply.parseFrom(reply.flip()).getStatus()).isEqualTo(Status.STATUS_OK);
      }
    }
  }

  @Test
  void attacksWhileRecordsFlowDisturbNobody() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Thread attacker =
        new Thread(
            () -> {
              try {
                while (true) { // until the job has ended, and its socket with it
                  answerTo(hello(new byte[32], 1 << 30, new byte[100]));
                  answerTo(new byte[1000]);
                  begun.countDown();
                }
              } catch (IOException e) {
                begun.countDown();
              }
            });
    attacker.setDaemon(true);
    attacker.start();
    begun.await();
    // Now theJobGoesOn connects the tasks and waits for the end.
  }
}
