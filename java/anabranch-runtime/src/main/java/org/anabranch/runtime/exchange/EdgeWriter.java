package org.anabranch.runtime.exchange;

import com.google.protobuf.ByteString;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.EndOfInput;
import org.anabranch.proto.v1.FrameHeader;
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
      add(batches[0], key, value);
    } else if (partitioner instanceof Partitioner.Rebalance rebalance) {
      add(batches[rebalance.next()], key, value);
    } else if (partitioner instanceof Partitioner.ByKey byKey) {
      add(batches[chooseByKey(byKey, key, value)], key, value);
    } else if (partitioner instanceof Partitioner.Custom custom) {
      for (int index : chooseByFunction(custom, value)) {
        add(batches[index], key, value);
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

  private void add(PendingBatch batch, Object key, Object value) {
    if (carriesKeys ? batch.add(key, value) : batch.add(value)) {
      cut(batch);
    }
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
    List<Object> keys = batch.keys();
    List<Object> values = batch.values();
    int n = values.size();
    // The consumer may want smaller frames since the batch was begun.
    for (int from = 0; from < n; ) {
      int to = Math.min(n, from + batch.limit());
      boolean whole = from == 0 && to == n;
      cut(
          batch,
          whole || !carriesKeys ? keys : keys.subList(from, to),
          whole ? values : values.subList(from, to));
      gate.waitForRoom(batch.targets());
      from = to;
    }
    batch.clear();
  }

  private void cut(PendingBatch batch, List<Object> keys, List<Object> values) {
    EncodedBatch encoded = encode(keys, values);
    FrameHeader.Builder header =
        FrameHeader.newBuilder()
            .setNRecords(values.size())
            .setHasKeys(carriesKeys)
            .addAllSchemas(encoded.schemas());
    int size = HEAD_RESERVE + encoded.length();
    for (var schema : encoded.schemas()) {
      size += HEAD_RESERVE + schema.getSerializedSize();
    }
    if (size > config.maxFrameBytes()) {
      cutInHalves(batch, keys, values, size);
      return;
    }
    batch.learn(values.size(), encoded.length());
    for (OutputChannel channel : batch.targets()) {
      channel.send(header, encoded.bytes(), encoded.offset(), encoded.length());
    }
  }

  private EncodedBatch encode(List<Object> keys, List<Object> values) {
    try {
      return carriesKeys ? encoder.encode(keys, values) : encoder.encode(values);
    } catch (RecordException e) {
      Object rejected = values.get(Math.floorMod(Math.max(0, e.index()), values.size()));
      throw new UnsendableRecordException(
          "a record cannot be handed to operator " + consumer, rejected, e);
    }
  }

  /** Only a first batch of huge records gets here: the limit has not yet learned their size. */
  private void cutInHalves(PendingBatch batch, List<Object> keys, List<Object> values, int size) {
    int n = values.size();
    if (n == 1) {
      RecordException tooLarge =
          new RecordException(
              "it takes %d bytes, a frame may have %d; raise anabranch.exchange.max-frame-bytes"
                  .formatted(size, config.maxFrameBytes()),
              0,
              "");
      throw new UnsendableRecordException(
          "a record cannot be handed to operator " + consumer, values.get(0), tooLarge);
    }
    int half = n / 2;
    cut(batch, carriesKeys ? keys.subList(0, half) : keys, values.subList(0, half));
    cut(batch, carriesKeys ? keys.subList(half, n) : keys, values.subList(half, n));
  }
}
