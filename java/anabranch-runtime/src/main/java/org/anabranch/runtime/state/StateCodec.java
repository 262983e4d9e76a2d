package org.anabranch.runtime.state;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;

/** Encodes what a task remembers, for a later life of the same task. Belongs to one thread. */
public final class StateCodec {
  private final Encoder encoder;
  private final Decoder decoder;

  /** Creates a codec for a job's types. */
  public StateCodec(TypeRegistry types) {
    encoder = new Encoder(Language.LANGUAGE_JAVA, types);
    decoder = new Decoder(Language.LANGUAGE_JAVA, types);
  }

  /**
   * Encodes values.
   *
   * @throws RecordException if one cannot be encoded
   */
  public EncodedValues encode(List<?> values) {
    EncodedBatch encoded = encoder.encode(values);
    return EncodedValues.newBuilder()
        .setN(values.size())
        .setPayload(ByteString.copyFrom(encoded.bytes(), encoded.offset(), encoded.length()))
        .addAllSchemas(encoded.schemas())
        .build();
  }

  /**
   * Decodes values that a message holds.
   *
   * @throws RecordException if the class of one has changed
   */
  public List<Object> decode(EncodedValues values) {
    return decode(values, Payloads.IN_MESSAGE);
  }

  /**
   * Decodes values.
   *
   * @param payloads where their bytes are
   * @throws RecordException if the class of one has changed
   */
  public List<Object> decode(EncodedValues values, Payloads payloads) {
    byte[] payload = payloads.of(values).toByteArray();
    return new ArrayList<>(
        Arrays.asList(decoder.decode(payload, values.getN(), values.getSchemasList())));
  }
}
