package org.anabranch.runtime.exchange.input;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.Demand;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.input.InputEvent.Records;
import org.anabranch.runtime.exchange.wire.BadConnections;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Preamble;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.anabranch.runtime.exchange.wire.Rate;
import org.anabranch.runtime.exchange.wire.ReceiveBuffer;
import org.anabranch.runtime.exchange.wire.Shortage;
import org.anabranch.runtime.exchange.wire.Sockets;

/**
 * Receives the frames of one producing task, in order and without a gap.
 *
 * <pre>
 *   IDLE --> DIALLING --> ASKING (request sent, reply awaited) --> [TELLING] --> OPEN --> ENDED
 *              ^  ^          |                                         |          |
 *              |  '--retry---'-----------------------------------------'          v
 *              '------------------------------------ connect() again ----------- LOST
 * </pre>
 *
 * <p>What is in brackets is for a producer that asks for something before it sends anything.
 *
 * <p>A connection that cannot be made, or breaks before the reply is there, is tried again until
 * the task is cancelled, always to the newest incarnation of the producer that the master has
 * named. A refusal for an incarnation that is out of date is not: the master is about to name
 * another.
 *
 * <p>Reads from its socket only while it holds no complete frame, so that what a slow task has not
 * taken stays in the kernel and stops the producer. A connection that ends before the end of input
 * means a dead peer: the channel waits, and the master decides.
 */
class InputChannel implements EventLoop.Handler {
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int LENGTH = Integer.BYTES;

  private enum State {
    IDLE,
    DIALLING,
    ASKING,
    TELLING,
    OPEN,
    LOST,
    ENDED
  }

  final int id;
  private final int edge;
  private final String producer;
  private final Consumer consumer;
  private final long maxFrameBytes;
  private final ReceiveBuffer received = new ReceiveBuffer();
  private State state = State.IDLE;
  private SocketChannel socket;
  private SelectionKey key;
  private Proofs proofs;
  private byte[] nonce;
  private byte[] asked;
  // What is being sent, and what follows it.
  private ByteBuffer unsent;
  private Iterator<ByteBuffer> toTell;
  private Endpoint endpoint;
  private int producerIncarnation;
  private long retryAt;
  private boolean complete;
  private boolean ended;
  // Frames that were read before it was their turn.
  private final Deque<UnreadFrame> ahead = new ArrayDeque<>();
  private long aheadBytes;
  private long barrierAhead;
  private boolean readToEnd;
  private boolean takenAhead;
  // How many records at the beginning of the frame at hand were received before.
  private int skipped;
  // What was decoded and not handed out yet.
  private Left left;
  private boolean blocked;
  private long nextSeq;
  private long nextRecordSeq;
  private int window = Rate.FIRST_WINDOW;
  // How far the producer may go.
  private long until;
  // How many records had come when it was told.
  private long demandedAt;
  // What a demand has left that the socket has not taken; null if it has taken all.
  private ByteBuffer unsentDemand;
  private boolean demandChanged;

  /** Records of a frame, which are not handed out yet from one index on. */
  private record Left(Records records, int from, UnreadFrame frame) {

    int size() {
      return records.records() - from;
    }
  }

  /**
   * What all channels of one task have in common.
   *
   * @param incarnation of the task
   * @param producersMove whether the master may replace a producer while the task lives
   * @param scratch what sockets are read into, a direct buffer
   * @param shortage of open files, which dialling may meet
   * @param rate how fast the task takes its input
   * @param impostors counts those who answered and could not show that they are of the job
   */
  record Consumer(
      ExchangeConfig config,
      EventLoop eventLoop,
      int incarnation,
      boolean producersMove,
      ByteBuffer scratch,
      Shortage shortage,
      Rate rate,
      BadConnections impostors) {}

  /**
   * Creates a channel that has not been dialled.
   *
   * @param ended true if the end of input came in an earlier life of the task: it then only shows
   *     itself to the producer, which waits for all its consumers
   */
  InputChannel(
      int id, int edge, boolean ended, String producer, long maxFrameBytes, Consumer consumer) {
    this.id = id;
    this.edge = edge;
    this.ended = ended;
    this.producer = producer;
    this.maxFrameBytes = maxFrameBytes;
    this.consumer = consumer;
  }

  int edge() {
    return edge;
  }

  boolean connected() {
    return state == State.OPEN || state == State.ENDED;
  }

  boolean ended() {
    return ended;
  }

  /** Returns whether {@link #take()} has a frame. */
  boolean complete() {
    return complete || !ahead.isEmpty();
  }

  /** Returns whether something can be handed out now. */
  final boolean ready() {
    return !blocked && (left != null || complete());
  }

  /** Has the gate take nothing from this channel, or something again. */
  final void block(boolean now) {
    blocked = now;
  }

  /**
   * Returns the first of the records of a frame, at most so many, and keeps the others for {@link
   * #takeLeft}.
   */
  final Records atMost(int most, Records records, Frame frame) {
    return records.records() > most ? cut(new Left(records, 0, frame.toUnread()), most) : records;
  }

  /** Returns records that were kept, at most so many, or null if there are none. */
  final Records takeLeft(int most) {
    return left == null ? null : cut(left, most);
  }

  private Records cut(Left cut, int most) {
    int to = cut.from() + Math.min(most, cut.size());
    left = most < cut.size() ? new Left(cut.records(), to, cut.frame()) : null;
    return cut.records().slice(cut.from(), to);
  }

  // ---------------------------------------------------------------- reading ahead

  /**
   * Reads what has arrived, up to the end of input or about so many bytes; returns how many were
   * read.
   */
  final long readAhead(long mostBytes) {
    long bytes = 0;
    while (complete && !readToEnd && bytes < mostBytes) {
      Frame frame = takeReceived();
      bytes += frame.payloadLength();
      if (frame.header().getNRecords() > 0
          || frame.header().getControlCase() != FrameHeader.ControlCase.CONTROL_NOT_SET) {
        putAhead(frame.toUnread()); // one of determinants only has had its effect
      }
      advanceReceived();
    }
    return bytes;
  }

  private void putAhead(UnreadFrame frame) {
    ahead.add(frame);
    aheadBytes += frame.getPayload().size();
    FrameHeader header = frame.getHeader();
    if (header.hasBarrier()) {
      barrierAhead = header.getBarrier().getNumber();
    }
    readToEnd |= header.hasEndOfInput();
  }

  /** Takes a frame that an earlier incarnation of the task has received and not handled. */
  void restore(UnreadFrame frame) {
    putAhead(frame);
  }

  /** Returns what was received and not handed out. */
  final List<UnreadFrame> unread() {
    List<UnreadFrame> unread = new ArrayList<>();
    if (left != null) {
      int n = left.frame().getHeader().getNRecords();
      unread.add(left.frame().toBuilder().setSkip(n - left.size()).build());
    }
    unread.addAll(ahead);
    return unread;
  }

  /** Returns whether all that is still to come is here. */
  final boolean readToEnd() {
    return ended || readToEnd;
  }

  /** Returns the number of the newest barrier that was read ahead, 0 if there was none. */
  final long barrierAhead() {
    return barrierAhead;
  }

  final long aheadBytes() {
    return aheadBytes;
  }

  /** Returns how far the channel is, for a snapshot: here only whether it has ended. */
  ChannelPosition position() {
    return ChannelPosition.newBuilder().setChannel(id).setEnded(ended).build();
  }

  /** Returns whether {@link #tick} has something to do. */
  boolean hasDeadline() {
    return state == State.DIALLING || unsentDemand != null;
  }

  /** Dials a producer, unless a newer incarnation of it is known. */
  void connect(Endpoint to, int incarnation) {
    if (incarnation < producerIncarnation) {
      return;
    }
    endpoint = to;
    producerIncarnation = incarnation;
    received.skip(received.available());
    complete = false;
    dial();
  }

  /** Dials again, or says again what the task wants, where that is due. */
  void tick(long now) {
    if (unsentDemand != null) {
      sendDemand();
    }
    if (state == State.DIALLING && socket == null && now - retryAt >= 0) {
      dial();
    }
  }

  private void dial() {
    disconnect(State.DIALLING);
    try {
      var address = Sockets.address(endpoint);
      socket = Sockets.open(consumer.config(), address);
      consumer.shortage().over();
      key = consumer.eventLoop().register(socket, SelectionKey.OP_CONNECT, this);
      if (socket.connect(address)) {
        ask();
      }
    } catch (IOException e) {
      consumer.shortage().met(e);
      retry();
    } catch (UnresolvedAddressException e) {
      retry();
    }
  }

  private void retry() {
    disconnect(State.DIALLING);
    retryAt = System.nanoTime() + RETRY_NANOS;
  }

  private void ask() throws IOException {
    ConnectRequest.Builder request =
        ConnectRequest.newBuilder()
            .setJobId(consumer.config().jobId())
            .setChannel(id)
            .setIncarnation(consumer.incarnation())
            .setProducerIncarnation(producerIncarnation);
    complete(request);
    demandedAt = receivedRecords();
    until = demandedAt + window;
    unsentDemand = null;
    request.setDemand(wanted());
    asked = request.build().toByteArray();
    proofs = new Proofs(consumer.config().token(), endpoint.getNonce());
    nonce = Proofs.newNonce();
    unsent = ByteBuffer.allocate(Preamble.BYTES + asked.length);
    unsent.put(Preamble.MAGIC).put(nonce).put(proofs.ofConsumer(nonce, asked));
    unsent.putInt(asked.length).put(asked).flip();
    state = State.ASKING;
    sendRequest();
  }

  /** Says from where to go on. */
  void complete(ConnectRequest.Builder request) {
    request.setNextSeq(nextSeq).setNextRecordSeq(nextRecordSeq);
  }

  /** Returns how many records have come, in all. */
  long receivedRecords() {
    return nextRecordSeq;
  }

  private Demand wanted() {
    return Demand.newBuilder()
        .setUntil(until)
        .setFrameRecords(consumer.rate().frameRecords())
        .build();
  }

  /**
   * Tells the producer that so many records may lie ahead of the task, unless it knows about.
   *
   * <p>The window grows only by what was taken: a task finds out after some records that its own
   * consumer is slow, and should not have filled its buffers before.
   */
  final void demand(int records) {
    long received = receivedRecords();
    long wanted = Math.min(records, window + received - demandedAt);
    long left = until - received;
    if (2 * left < wanted || left > 2 * wanted) {
      demandWindow(wanted);
    }
  }

  private void demandWindow(long records) {
    window = (int) records;
    demandedAt = receivedRecords();
    until = demandedAt + records;
    sendDemand();
  }

  /** Has the producer go twice as far: what the task waits for may come after what it leaves. */
  final void demandMore() {
    long left = until - receivedRecords();
    demandWindow(Math.min(Rate.MOST_RECORDS, 2 * Math.max(window, left)));
  }

  private void sendDemand() {
    if (state != State.OPEN) {
      return;
    }
    try {
      if (unsentDemand == null || !unsentDemand.hasRemaining()) {
        byte[] message = wanted().toByteArray();
        unsentDemand = ByteBuffer.allocate(LENGTH + message.length);
        unsentDemand.putInt(message.length).put(message).flip();
      } else {
        demandChanged = true; // what is on its way has to go whole before the next
      }
      socket.write(unsentDemand);
    } catch (IOException e) {
      unsentDemand = null; // the next read finds the connection broken
      return;
    }
    if (!unsentDemand.hasRemaining()) {
      unsentDemand = null;
      if (demandChanged) {
        demandChanged = false;
        sendDemand();
      }
    }
  }

  private void sendRequest() throws IOException {
    socket.write(unsent);
    key.interestOps(unsent.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
  }

  /** Sends what the producer has asked for; frames follow. */
  final void tell(Iterator<ByteBuffer> messages) throws IOException {
    state = State.TELLING;
    toTell = messages;
    tellMore();
  }

  private void tellMore() throws IOException {
    while (unsent.hasRemaining() || toTell.hasNext()) {
      if (!unsent.hasRemaining()) {
        unsent = toTell.next();
      }
      socket.write(unsent);
      if (unsent.hasRemaining()) {
        key.interestOps(SelectionKey.OP_WRITE);
        return;
      }
    }
    toTell = null;
    key.interestOps(SelectionKey.OP_READ);
    opened();
    sendDemand(); // it may have changed meanwhile
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      switch (state) {
        case DIALLING -> {
          if (socket.finishConnect()) {
            ask();
          }
        }
        case ASKING -> {
          if (unsent.hasRemaining()) {
            sendRequest();
          } else {
            receive();
          }
        }
        case TELLING -> tellMore();
        case OPEN -> receive();
        default -> throw new IllegalStateException("no connection is open in state " + state);
      }
    } catch (IOException e) {
      broken();
    }
  }

  private void broken() {
    if (state == State.OPEN) {
      disconnect(State.LOST);
    } else {
      // Nothing was received yet, so asking again is the same as asking for the first time.
      received.skip(received.available());
      retry();
    }
  }

  /** Reads until a frame is complete or the socket is empty. */
  private void receive() throws IOException {
    ByteBuffer scratch = consumer.scratch();
    while (!complete) {
      int n = socket.read(scratch.clear());
      if (n < 0) {
        broken();
        return;
      }
      if (n == 0) {
        return;
      }
      received.append(scratch.flip());
      if (state == State.ASKING) {
        readReply();
        if (socket == null || state == State.TELLING) {
          return;
        }
      }
      look();
    }
    key.interestOps(0);
  }

  private void readReply() throws IOException {
    int head = Proofs.BYTES + LENGTH;
    if (received.available() < head) {
      return;
    }
    long length = received.unsignedInt(Proofs.BYTES);
    if (length > Preamble.MAX_MESSAGE_BYTES) {
      giveUp();
      return;
    }
    if (received.available() < head + length) {
      return;
    }
    int from = received.start();
    byte[] proof = Arrays.copyOfRange(received.array(), from, from + Proofs.BYTES);
    byte[] said = Arrays.copyOfRange(received.array(), from + head, from + head + (int) length);
    if (!Proofs.same(proofs.ofProducer(nonce, asked, said), proof)) {
      giveUp();
      return;
    }
    ConnectReply reply;
    try {
      reply = ConnectReply.parseFrom(said);
    } catch (InvalidProtocolBufferException e) {
      throw violation("a handshake reply that cannot be parsed");
    }
    received.skip(head + (int) length);
    if (reply.getStatus() == ConnectReply.Status.STATUS_OK) {
      admitted(reply);
    } else {
      refused(reply);
    }
  }

  /** Somebody has taken the address of a former producer; the master will name another. */
  private void giveUp() {
    consumer
        .impostors()
        .met("channel %d: the answer is not that of a task of this job".formatted(id));
    broken();
  }

  /** The producer has let us in. */
  void admitted(ConnectReply reply) throws IOException {
    opened();
  }

  private void opened() {
    state = State.OPEN;
    if (ended) {
      disconnect(State.ENDED);
    }
  }

  private void refused(ConnectReply reply) {
    boolean outdated =
        reply.getStatus() == ConnectReply.Status.STATUS_FENCED
            || reply.getStatus() == ConnectReply.Status.STATUS_UNKNOWN_CHANNEL;
    if (outdated && consumer.producersMove()) {
      disconnect(State.LOST); // one of the two is about to be replaced, and the master says by whom
      return;
    }
    throw new ExchangeException(
        "%s refused channel %d: %s (%s)"
            .formatted(producer, id, reply.getMessage(), reply.getStatus()));
  }

  /** Finds out whether a whole frame is there. */
  private void look() {
    if (state != State.OPEN || received.available() < LENGTH) {
      return;
    }
    long length = received.unsignedInt(0);
    if (length < LENGTH || length > maxFrameBytes) {
      throw violation(
          "a frame of %d bytes; %d to %d are allowed (anabranch.exchange.max-frame-bytes)"
              .formatted(length, LENGTH, maxFrameBytes));
    }
    complete = received.available() >= LENGTH + length;
  }

  /** Returns the next frame. Its bytes stay valid until {@link #advance}. */
  final Frame take() {
    takenAhead = !ahead.isEmpty();
    if (!takenAhead) {
      return takeReceived();
    }
    UnreadFrame unread = ahead.remove();
    aheadBytes -= unread.getPayload().size();
    return Frame.of(unread);
  }

  private Frame takeReceived() {
    int length = (int) received.unsignedInt(0);
    long headerLength = received.unsignedInt(LENGTH);
    if (headerLength > length - LENGTH) {
      throw violation(
          "a header of %d bytes in a frame of %d bytes".formatted(headerLength, length));
    }
    int headerStart = received.start() + 2 * LENGTH;
    FrameHeader header;
    try {
      header = FrameHeader.parser().parseFrom(received.array(), headerStart, (int) headerLength);
    } catch (InvalidProtocolBufferException e) {
      throw violation("a frame header that cannot be parsed");
    }
    check(header);
    skipped = 0;
    int payloadStart = headerStart + (int) headerLength;
    int payloadLength = received.start() + LENGTH + length - payloadStart;
    int encoded = header.getHasKeys() ? 2 : 1;
    if (header.getNRecords() < 0 || (long) encoded * header.getNRecords() > payloadLength) {
      throw violation(
          "%s records in a payload of %d bytes"
              .formatted(Integer.toUnsignedString(header.getNRecords()), payloadLength));
    }
    accept(header);
    received.skip(LENGTH + length);
    return new Frame(header, received.array(), payloadStart, payloadLength, skipped);
  }

  private void check(FrameHeader header) {
    if (header.getChannel() != id) {
      throw violation("a frame of channel " + header.getChannel());
    }
    if (header.getIncarnation() != producerIncarnation) {
      throw violation(
          "a frame of incarnation %d, not %d"
              .formatted(header.getIncarnation(), producerIncarnation));
    }
  }

  /** Says how many records of the frame at hand have been received before. */
  final void skip(int records) {
    skipped = records;
  }

  /** Checks that the frame is the next one, and takes note of it. */
  void accept(FrameHeader header) {
    if (header.getSeq() != nextSeq) {
      throw violation("frame %d, not %d".formatted(header.getSeq(), nextSeq));
    }
    if (header.getFirstRecordSeq() != nextRecordSeq) {
      throw violation("record %d, not %d".formatted(header.getFirstRecordSeq(), nextRecordSeq));
    }
    nextSeq++;
    nextRecordSeq += header.getNRecords();
  }

  /** Goes on to what follows the frame taken last. */
  final void advance() {
    if (!takenAhead) {
      advanceReceived();
    }
  }

  private void advanceReceived() {
    complete = false;
    if (state == State.OPEN) {
      received.trim();
      look();
      if (!complete) {
        key.interestOps(SelectionKey.OP_READ);
      }
    }
  }

  /** Acknowledges the end of input by closing the connection. */
  final void end() {
    ended = true;
    disconnect(State.ENDED);
  }

  final ExchangeException violation(String what) {
    return new ExchangeException(
        "channel %d: %s sent %s; both sides must run the same version"
            .formatted(id, producer, what));
  }

  private void disconnect(State next) {
    state = next;
    if (socket != null) {
      Sockets.closeQuietly(socket);
      socket = null;
      key = null;
    }
  }

  void close() {
    disconnect(state);
  }
}
