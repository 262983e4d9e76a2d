package org.anabranch.runtime.exchange.input;

import java.nio.ByteBuffer;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.RecordException;

/** Decodes the frames of one input edge. */
public final class EdgeDecoder {
  private final String producer;
  private final Decoder decoder;
  private long records;

  /**
   * Creates a decoder.
   *
   * @param producer name of the operator that the records come from
   */
  public EdgeDecoder(String producer, Decoder decoder) {
    this.producer = producer;
    this.decoder = decoder;
  }

  /**
   * Returns the records of a frame.
   *
   * @throws UnreadableRecordException if one of them cannot be decoded
   */
  Batch decode(Frame frame) {
    int n = frame.header().getNRecords();
    boolean hasKeys = frame.header().getHasKeys();
    ByteBuffer payload =
        ByteBuffer.wrap(frame.bytes(), frame.payloadStart(), frame.payloadLength());
    try {
      Batch batch = decoder.decodeBatch(payload, n, hasKeys, frame.header().getSchemasList());
      records += n;
      return batch;
    } catch (RecordException e) {
      throw new UnreadableRecordException(
          "a record from operator " + producer + " cannot be taken",
          records + Math.max(0, e.index()) % Math.max(1, n), // keys count first
          e);
    }
  }
}
