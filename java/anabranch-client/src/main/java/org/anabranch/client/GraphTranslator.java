package org.anabranch.client;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.client.JobDescription;
import org.anabranch.api.graph.EdgeNode;
import org.anabranch.api.graph.FunctionSpec;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.Edge;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.JavaObject;
import org.anabranch.proto.v1.JobGraph;
import org.anabranch.proto.v1.JoinOptions;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.PythonReference;
import org.anabranch.proto.v1.TypeBinding;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;

/** From the graph that streams build to the one of the contract. */
final class GraphTranslator {
  private final Encoder encoder;

  GraphTranslator(ClassLoader loader) {
    encoder = new Encoder(Language.LANGUAGE_PYTHON, new TypeRegistry(loader, List.of()));
  }

  JobGraph.Builder translate(JobDescription job, Map<String, String> options) {
    JobGraph.Builder built = JobGraph.newBuilder().setName(job.name()).putAllConfig(options);
    for (OperatorNode operator : job.graph().operators()) {
      built.addOperators(operator(operator));
    }
    for (EdgeNode edge : job.graph().edges()) {
      built.addEdges(
          Edge.newBuilder()
              .setId(edge.id())
              .setSource(edge.source())
              .setTarget(edge.target())
              .setInput(edge.input())
              .setPartitioning(partitioning(edge.partitioning()))
              .setDeadLetters(edge.deadLetters()));
    }
    for (Class<?> type : job.types()) {
      built.addTypes(TypeBinding.newBuilder().setName(type.getName()).setJavaClass(type.getName()));
    }
    return built;
  }

  private Operator operator(OperatorNode node) {
    Operator.Builder built =
        Operator.newBuilder()
            .setId(node.id())
            .setName(node.name())
            .setUid(node.uid())
            .setKind(OperatorKind.valueOf("OPERATOR_KIND_" + node.kind()))
            .setLanguage(Language.valueOf("LANGUAGE_" + node.language()))
            .setParallelism(node.parallelism())
            .setChainable(node.chainable())
            .putAllConfig(node.config())
            .putAllResources(node.resources())
            .setOrigin(node.origin());
    if (node.function() != null) {
      built.setFunction(function(node.function()));
    }
    if (node.join() != null) {
      built.setJoin(
          JoinOptions.newBuilder()
              .setType(JoinOptions.Type.valueOf("TYPE_" + node.join().type()))
              .setRetentionMs(node.join().retention().toMillis()));
    }
    return built.build();
  }

  private org.anabranch.proto.v1.Partitioning partitioning(Partitioning partitioning) {
    var built =
        org.anabranch.proto.v1.Partitioning.newBuilder()
            .setKind(
                org.anabranch.proto.v1.Partitioning.Kind.valueOf("KIND_" + partitioning.kind()));
    if (partitioning.function() != null) {
      built.setFunction(function(partitioning.function()));
    }
    return built.build();
  }

  private FunctionDescriptor function(FunctionSpec spec) {
    FunctionDescriptor.Builder built =
        FunctionDescriptor.newBuilder().setDisplayName(spec.displayName());
    if (spec instanceof FunctionSpec.JavaObject object) {
      built.setJavaObject(
          JavaObject.newBuilder().setSerialized(ByteString.copyFrom(object.serialized())));
    } else if (spec instanceof FunctionSpec.PythonReference reference) {
      PythonReference.Builder python =
          PythonReference.newBuilder().setModule(reference.module()).setName(reference.name());
      if (!reference.arguments().isEmpty()) {
        python.setArguments(arguments(reference));
      }
      built.setPythonReference(python);
    }
    return built.build();
  }

  private ByteString arguments(FunctionSpec.PythonReference reference) {
    try {
      EncodedBatch encoded = encoder.encode(List.of(Tuple.fromList(reference.arguments())));
      return ByteString.copyFrom(encoded.bytes(), encoded.offset(), encoded.length());
    } catch (RecordException e) {
      throw new JobGraphException(
          "an argument of Python function %s cannot cross: %s"
              .formatted(reference.displayName(), e.getMessage()),
          e);
    }
  }
}
