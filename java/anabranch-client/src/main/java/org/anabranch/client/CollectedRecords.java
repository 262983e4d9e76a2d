package org.anabranch.client;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.JobGraph;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.ResultsRequest;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.TypeRegistry;

/** The records of a job's collect operators, brought here when the job has finished. */
final class CollectedRecords {
  private final Decoder decoder;
  private final Map<Integer, List<Object>> byOperator = new LinkedHashMap<>();

  /**
   * Holds nothing yet.
   *
   * @param loader has the classes of the records
   */
  CollectedRecords(ClassLoader loader, JobGraph graph) {
    decoder = new Decoder(Language.LANGUAGE_JAVA, new TypeRegistry(loader, graph.getTypesList()));
    for (Operator operator : graph.getOperatorsList()) {
      if (operator.getKind() == OperatorKind.OPERATOR_KIND_COLLECT) {
        byOperator.put(operator.getId(), new ArrayList<>());
      }
    }
  }

  /**
   * Reads all records from the gateway.
   *
   * @throws RuntimeException if one cannot be decoded, or the gateway has ended
   */
  void read(GatewayChannel gateway, String jobId) {
    byOperator.forEach(
        (operator, records) -> {
          Iterator<CollectedBatch> batches =
              gateway
                  .unlimited()
                  .results(
                      ResultsRequest.newBuilder().setJobId(jobId).setOperatorId(operator).build());
          batches.forEachRemaining(batch -> Collections.addAll(records, decode(batch)));
        });
  }

  /** Frees the memory that the records take. */
  void drop() {
    byOperator.clear();
  }

  /** Returns the records of an operator. */
  List<Object> of(int operatorId) {
    return Collections.unmodifiableList(byOperator.getOrDefault(operatorId, List.of()));
  }

  private Object[] decode(CollectedBatch batch) {
    try {
      FrameHeader header = FrameHeader.parseFrom(batch.getHeader());
      return decoder.decode(
          batch.getPayload().toByteArray(), batch.getNRecords(), header.getSchemasList());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("the gateway has sent a batch without a header", e);
    }
  }
}
