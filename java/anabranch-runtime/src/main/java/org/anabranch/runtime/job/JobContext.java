package org.anabranch.runtime.job;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.anabranch.proto.v1.Artifact;
import org.anabranch.proto.v1.JobSetup;
import org.anabranch.runtime.checkpoint.Snapshots;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeConfig.Transport;
import org.anabranch.runtime.operator.FunctionLoader;
import org.anabranch.runtime.records.TypeRegistry;

/**
 * What all tasks of the job have in common in this worker.
 *
 * @param options the options of the job, the user's own included
 * @param code the job's classes
 * @param types the record types of the job
 * @param exchange how tasks reach each other
 * @param recovery what tasks do so that a failed one can be recovered
 * @param snapshots how their snapshots go to the master and come back
 * @param reconnectMillis how long the worker goes on without a master
 */
public record JobContext(
    Options options,
    UserCode code,
    TypeRegistry types,
    ExchangeConfig exchange,
    RecoveryConfig recovery,
    Snapshots snapshots,
    long reconnectMillis) {

  /**
   * Digests the master's first message.
   *
   * @param token the job's secret, 32 bytes
   * @throws IllegalArgumentException if an option or an artifact does not fit
   */
  public static JobContext of(JobSetup setup, byte[] token) {
    Options options = new Options(setup.getConfigMap());
    UserCode code =
        new UserCode(
            setup.getArtifactsList().stream()
                .filter(artifact -> artifact.getKind() == Artifact.Kind.KIND_JAVA)
                .map(artifact -> Path.of(artifact.getPath()))
                .toList());
    TypeRegistry types = new TypeRegistry(code.loader(), setup.getTypesList());
    String transport = options.text("anabranch.exchange.transport");
    ExchangeConfig exchange =
        new ExchangeConfig(
            setup.getJobId(),
            token,
            Optional.of(setup.getSocketDir()).filter(dir -> !dir.isEmpty()).map(Path::of),
            setup.getListenHost(),
            Transport.valueOf(transport.toUpperCase(Locale.ROOT)),
            options.number("anabranch.batch.max-records"),
            options.number("anabranch.batch.max-bytes"),
            options.number("anabranch.exchange.max-frame-bytes"),
            options.number("anabranch.exchange.send-queue-bytes"),
            options.number("anabranch.exchange.socket-buffer-bytes"),
            options.number("anabranch.exchange.handshake-timeout-ms"),
            setup.getSeveralHosts());
    RecoveryConfig recovery = RecoveryConfig.of(options);
    return new JobContext(
        options,
        code,
        types,
        exchange,
        recovery,
        snapshots(options, recovery, exchange),
        setup.getReconnectTimeoutMs());
  }

  private static Snapshots snapshots(
      Options options, RecoveryConfig recovery, ExchangeConfig exchange) {
    return recovery.recovers()
        ? Snapshots.of(
            options.text("anabranch.checkpoint.dir"),
            exchange.jobId(),
            exchange.token(),
            options.longNumber("anabranch.checkpoint.timeout-ms"))
        : Snapshots.ofMessages();
  }

  /** Returns what makes function objects of descriptors. */
  public FunctionLoader functions() {
    return new FunctionLoader(code.loader(), types);
  }
}
