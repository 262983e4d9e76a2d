package org.anabranch.runtime.operator;

import com.google.protobuf.ByteString;
import java.util.List;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordBuffer;

/** collect: sends each record to the client that runs the job, in batches. */
final class CollectOperator implements Operator {
  private static final int MOST_RECORDS = 1024;
  private static final int MOST_BYTES = 64 << 10;

  private final int id;
  private final Encoder encoder;
  private final OperatorChain.Host host;
  private final RecordBuffer records = new RecordBuffer();

  /** Creates an operator whose records are encoded for Java. */
  CollectOperator(int id, Encoder encoder, OperatorChain.Host host) {
    this.id = id;
    this.encoder = encoder;
    this.host = host;
  }

  @Override
  public void open(RuntimeContext context) {
    // no function
  }

  @Override
  public void process(Object key, Object value) {
    encoder.encodeRecord(value);
    records.add(encoder);
    if (records.size() >= MOST_RECORDS || records.bytes() >= MOST_BYTES) {
      send();
      host.awaitCollected();
    }
  }

  /** What came before a checkpoint belongs to the epoch that ends with it. */
  @Override
  public List<Object> save(long checkpoint) {
    send();
    return List.of();
  }

  @Override
  public void finish() {
    send();
  }

  private void send() {
    if (records.size() > 0) {
      EncodedBatch payload = records.payload(0, records.size(), encoder);
      FrameHeader header =
          FrameHeader.newBuilder()
              .setNRecords(records.size())
              .addAllSchemas(payload.schemas())
              .build();
      ByteString bytes = ByteString.copyFrom(payload.bytes(), payload.offset(), payload.length());
      records.clear();
      host.collected(id, header, bytes);
    }
  }

  @Override
  public void close() {
    // no function
  }
}
