package org.anabranch.client;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import org.anabranch.api.ErrorCode;
import org.anabranch.api.Job;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.client.JobClient;
import org.anabranch.api.client.JobDescription;
import org.anabranch.proto.v1.Artifact;
import org.anabranch.proto.v1.SubmitRequest;

/**
 * Submits jobs to a gateway: the one at the configured address, or else one that is started as a
 * child of this process. In the latter case this process stays until its jobs have ended.
 */
public final class GatewayClient implements JobClient {
  private static final Metadata.Key<String> ERROR_CODE =
      Metadata.Key.of("anabranch-error-code", Metadata.ASCII_STRING_MARSHALLER);

  /** Called by {@link java.util.ServiceLoader}. */
  public GatewayClient() {}

  @Override
  public Job submit(JobDescription job) {
    ClientConfig client = ClientConfig.of(job.config());
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    var translated = new GraphTranslator(loader).translate(job, client.jobOptions());
    ShippedCode code = ShippedCode.of(job);
    GatewaySession session = GatewaySession.open(client);
    try {
      List<Artifact> artifacts = new Uploader(session.channel()).upload(code);
      SubmitRequest request =
          SubmitRequest.newBuilder().setGraph(translated.addAllArtifacts(artifacts)).build();
      String id = session.channel().blocking().submit(request).getJobId();
      CollectedRecords collected = new CollectedRecords(loader, request.getGraph());
      return new GatewayJob(
          session.channel(), id, job.name(), collected, session.isEmbedded(), session::release);
    } catch (RuntimeException e) {
      session.release();
      throw e instanceof StatusRuntimeException status ? explained(status, client.address()) : e;
    }
  }

  private static RuntimeException explained(StatusRuntimeException e, String address) {
    if (e.getStatus().getCode() == Status.Code.INVALID_ARGUMENT) {
      Metadata trailers = e.getTrailers();
      String code = trailers == null ? null : trailers.get(ERROR_CODE);
      return new JobGraphException(
          e.getStatus().getDescription(), e, code == null ? ErrorCode.JOB_GRAPH : code);
    }
    if (e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED) {
      return new JobGraphException(
          "the job is larger than a gateway takes (64 MiB) by what its functions and collections hold;"
              + " have a source read large data: "
              + e.getStatus().getDescription(),
          e);
    }
    Throwable broken = e.getStatus().getCause(); // of the connection; a gateway sends none
    if (e.getStatus().getCode() == Status.Code.UNAVAILABLE && broken != null) {
      String where = address.isEmpty() ? "of this process" : "at " + address;
      return new IllegalStateException(
          "no gateway answers %s: %s; is it running, and is the address right?"
              .formatted(where, broken.getMessage()),
          e);
    }
    if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
      return new IllegalStateException(
          "the gateway did not take the job: " + e.getStatus().getDescription(), e);
    }
    return new IllegalStateException("the gateway did not take the job: " + e.getStatus(), e);
  }
}
