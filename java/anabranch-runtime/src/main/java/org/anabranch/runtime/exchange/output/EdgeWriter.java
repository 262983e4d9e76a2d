package org.anabranch.runtime.exchange.output;

import com.google.protobuf.ByteString;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.EndOfInput;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.text.ErrorText;
import org.anabranch.runtime.text.RecordText;

/** All channels of one output edge: routes records, cuts batches, encodes them. */
final class EdgeWriter {
  // Lengths and the numbers that a channel adds to a header.
  private static final int HEAD_RESERVE = 64;
  // Of a dead letter whose record is too large even as text.
  private static final int LONGEST_TEXT = 1000;
  static final byte[] NO_PAYLOAD = ByteString.EMPTY.toByteArray();

  private final Partitioner partitioner;
  private final boolean carriesKeys;
  private final String consumer;
  private final Encoder encoder;
  private final ExchangeConfig config;
  private final OutputChannel[] channels;
  private final PendingBatch[] batches;
  private final OutputGate gate;

  EdgeWriter(
      OutputChannel[] channels,
      boolean broadcast,
      Partitioner partitioner,
      boolean carriesKeys,
      String consumer,
      Encoder encoder,
      ExchangeConfig config,
      OutputGate gate) {
    this.channels = channels;
    this.partitioner = partitioner;
    this.carriesKeys = carriesKeys;
    this.consumer = consumer;
    this.encoder = encoder;
    this.config = config;
    this.gate = gate;
    if (broadcast) {
      batches = new PendingBatch[] {new PendingBatch(channels, config)};
    } else {
      batches = new PendingBatch[channels.length];
      for (int i = 0; i < channels.length; i++) {
        batches[i] = new PendingBatch(new OutputChannel[] {channels[i]}, config);
      }
    }
  }

  OutputChannel[] channels() {
    return channels;
  }

  /** Takes one record; may block on back-pressure. The key counts only on a keyed edge. */
  void write(Object key, Object value) throws Exception {
    if (partitioner instanceof Partitioner.Single) {
      encode(key, value);
      add(batches[0], value);
    } else if (partitioner instanceof Partitioner.Rebalance rebalance) {
      encode(key, value);
      add(batches[rebalance.next()], value);
    } else if (partitioner instanceof Partitioner.ByKey byKey) {
      int index = chooseByKey(byKey, key, value);
      encode(key, value);
      add(batches[index], value);
    } else if (partitioner instanceof Partitioner.Custom custom) {
      int[] chosen = chooseByFunction(custom, value);
      if (chosen.length > 0) {
        encode(key, value);
        for (int index : chosen) {
          add(batches[index], value);
        }
      }
    }
  }

  /** Takes a dead letter, whose record becomes text if it cannot be encoded or is too large. */
  void writeDeadLetter(Map<String, Object> letter) throws Exception {
    if (isSendable(letter)) {
      write(null, letter);
      return;
    }
    Map<String, Object> changed = new LinkedHashMap<>(letter);
    changed.replaceAll((name, value) -> name.equals("subtask") ? value : text(value));
    if (!isSendable(changed)) {
      changed.replaceAll((name, value) -> value instanceof String text ? shorten(text) : value);
    }
    write(null, changed);
  }

  private boolean isSendable(Object value) {
    try {
      EncodedBatch encoded = encoder.encode(List.of(value));
      int size = encoded.length() + HEAD_RESERVE;
      for (var schema : encoded.schemas()) {
        size += HEAD_RESERVE + schema.getSerializedSize();
      }
      return size <= config.maxFrameBytes();
    } catch (Exception | StackOverflowError e) { // serialization calls methods of the record
      return false;
    }
  }

  private static String text(Object value) {
    try {
      return ErrorText.sendable(String.valueOf(value));
    } catch (Throwable t) { // the record may be just what its toString fails at
      return RecordText.of(value);
    }
  }

  private static String shorten(String text) {
    return ErrorText.sendable(text.substring(0, Math.min(text.length(), LONGEST_TEXT)));
  }

  private int[] chooseByFunction(Partitioner.Custom custom, Object value) {
    try {
      return custom.choose(value);
    } catch (Throwable t) {
      throw new PartitionException(consumer, t);
    }
  }

  private int chooseByKey(Partitioner.ByKey byKey, Object key, Object value) {
    try {
      return byKey.choose(key);
    } catch (RecordException e) {
      throw new UnsendableRecordException(
          "the key of a record for operator " + consumer + " cannot be encoded", value, e);
    }
  }

  /** Encodes a record at once: when it has been emitted, it may be changed. */
  private void encode(Object key, Object value) {
    try {
      if (carriesKeys) {
        encoder.encodeRecord(key, value);
      } else {
        encoder.encodeRecord(value);
      }
    } catch (RecordException e) {
      throw unsendable(value, e);
    }
  }

  /** Adds the record that was encoded last. */
  private void add(PendingBatch batch, Object value) {
    if (sizeWithLast(batch) > config.maxFrameBytes()) {
      // Only among the first records of a channel: the limit has not yet learned their size.
      if (!batch.isEmpty()) {
        cut(batch);
      }
      checkFitsAlone(batch, value);
    }
    if (batch.add(encoder)) {
      cut(batch);
    }
  }

  private long sizeWithLast(PendingBatch batch) {
    return HEAD_RESERVE + batch.records().bytesWith(encoder, HEAD_RESERVE);
  }

  private void checkFitsAlone(PendingBatch empty, Object value) {
    long size = sizeWithLast(empty);
    if (size > config.maxFrameBytes()) {
      throw unsendable(
          value,
          new RecordException(
              "it takes %d bytes, a frame may have %d; raise anabranch.exchange.max-frame-bytes"
                  .formatted(size, config.maxFrameBytes()),
              0,
              ""));
    }
  }

  private UnsendableRecordException unsendable(Object value, RecordException reason) {
    return new UnsendableRecordException(
        "a record cannot be handed to operator " + consumer, value, reason);
  }

  void flush() {
    for (PendingBatch batch : batches) {
      if (!batch.isEmpty()) {
        cut(batch);
      }
    }
  }

  void end() {
    flush();
    send(FrameHeader.newBuilder().setEndOfInput(EndOfInput.getDefaultInstance()));
  }

  /** Sends a control frame to every consumer; what is pending has been flushed. */
  void send(FrameHeader.Builder control) {
    for (OutputChannel channel : channels) {
      channel.send(control, NO_PAYLOAD, 0, 0);
    }
  }

  /** Returns the partitioner. */
  Partitioner partitioner() {
    return partitioner;
  }

  private void cut(PendingBatch batch) {
    int n = batch.records().size();
    // The consumer may want smaller frames since the batch was begun.
    for (int from = 0; from < n; ) {
      int to = Math.min(n, from + batch.limit());
      cut(batch, from, to);
      gate.waitForRoom(batch.targets());
      from = to;
    }
    batch.clear();
  }

  private void cut(PendingBatch batch, int from, int to) {
    EncodedBatch payload = batch.records().payload(from, to, encoder);
    FrameHeader.Builder header =
        FrameHeader.newBuilder()
            .setNRecords(to - from)
            .setHasKeys(carriesKeys)
            .addAllSchemas(payload.schemas());
    batch.learn(to - from, payload.length());
    for (OutputChannel channel : batch.targets()) {
      channel.send(header, payload.bytes(), payload.offset(), payload.length());
    }
  }
}
