package org.anabranch.runtime.exchange;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.EndOfInput;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.exchange.wire.Preamble;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;

/** A producer that says exactly what a test wants it to say. */
public final class FakeProducer implements Closeable {
  public static final ByteString NONCE = ByteString.copyFromUtf8("of this listener");

  private final Path path;
  private final ServerSocketChannel listener;
  private SocketChannel consumer;
  private byte[] lastAnswer;

  public FakeProducer(Path path) throws IOException {
    this.path = path;
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(path));
  }

  public Endpoint endpoint() {
    return Endpoint.newBuilder().setUnixPath(path.toString()).setNonce(NONCE).build();
  }

  /** Takes the consumer's connection and answers its request. */
  public void admit() throws IOException {
    admit(ConnectReply.newBuilder().setStatus(Status.STATUS_OK).setIncarnation(1).build());
  }

  public void admit(ConnectReply reply) throws IOException {
    answer(TestExchanges.TOKEN, reply);
  }

  /** Answers as one who knows this secret; returns what the consumer has said. */
  public byte[] answer(byte[] token, ConnectReply reply) throws IOException {
    accept();
    byte[] head = hear(Preamble.BYTES).array();
    byte[] nonce = Arrays.copyOfRange(head, 4, 4 + Proofs.NONCE_BYTES);
    byte[] request = hear(ByteBuffer.wrap(head).getInt(head.length - 4)).array();
    byte[] bytes = reply.toByteArray();
    byte[] proof = new Proofs(token, NONCE).ofProducer(nonce, request, bytes);
    lastAnswer =
        ByteBuffer.allocate(proof.length + 4 + bytes.length)
            .put(proof)
            .putInt(bytes.length)
            .put(bytes)
            .array();
    say(lastAnswer);
    return head;
  }

  /** Returns what was answered last. */
  public byte[] lastAnswer() {
    return lastAnswer;
  }

  /** Waits for so many bytes of the consumer. */
  public ByteBuffer hear(int length) throws IOException {
    ByteBuffer heard = ByteBuffer.allocate(length);
    while (heard.hasRemaining()) {
      if (consumer.read(heard) < 0) {
        throw new EOFException();
      }
    }
    return heard.flip();
  }

  public void accept() throws IOException {
    consumer = listener.accept();
  }

  public void say(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      consumer.write(buffer);
    }
  }

  /** Waits for the consumer to say something more, which is the end of the connection. */
  public boolean isClosedByConsumer() throws IOException {
    ByteBuffer request = ByteBuffer.allocate(8192);
    while (request.hasRemaining()) {
      if (consumer.read(request) < 0) {
        return true;
      }
    }
    return false;
  }

  public void hangUp() throws IOException {
    consumer.close();
  }

  public static FrameHeader.Builder header(long seq, long firstRecord, int n) {
    return FrameHeader.newBuilder()
        .setChannel(1)
        .setIncarnation(1)
        .setSeq(seq)
        .setFirstRecordSeq(firstRecord)
        .setNRecords(n);
  }

  public static FrameHeader.Builder end(long seq, long firstRecord) {
    return header(seq, firstRecord, 0).setEndOfInput(EndOfInput.getDefaultInstance());
  }

  public static byte[] payload(Object... values) {
    var types = new TypeRegistry(FakeProducer.class.getClassLoader(), List.of());
    EncodedBatch batch = new Encoder(Language.LANGUAGE_JAVA, types).encode(List.of(values));
    byte[] bytes = new byte[batch.length()];
    System.arraycopy(batch.bytes(), batch.offset(), bytes, 0, bytes.length);
    return bytes;
  }

  public static byte[] frame(FrameHeader.Builder header, Object... values) {
    return frame(header.build().toByteArray(), payload(values));
  }

  public static byte[] frame(byte[] header, byte[] payload) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(4 + header.length + payload.length);
      out.writeInt(header.length);
      out.write(header);
      out.write(payload);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() throws IOException {
    if (consumer != null) {
      consumer.close();
    }
    listener.close();
  }
}
