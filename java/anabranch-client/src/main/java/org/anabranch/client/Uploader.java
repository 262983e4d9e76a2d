package org.anabranch.client;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.anabranch.proto.v1.Artifact;
import org.anabranch.proto.v1.ArtifactChunk;
import org.anabranch.proto.v1.ArtifactHashes;
import org.anabranch.proto.v1.UploadArtifactResponse;

/** Brings code to a gateway: each content once, known by its hash. */
final class Uploader {
  private static final int CHUNK = 1 << 20;
  private static final long TIMEOUT_SECONDS = 300;

  private final GatewayChannel gateway;

  Uploader(GatewayChannel gateway) {
    this.gateway = gateway;
  }

  /** Uploads what the gateway lacks; returns the artifacts in the given order. */
  List<Artifact> upload(ShippedCode code) {
    List<Code.Archive> packed = new ArrayList<>();
    try {
      return upload(packed(code.java(), packed), packed(code.python(), packed));
    } finally {
      delete(packed);
    }
  }

  /** Packs directories once: what is sent must be what the hash was made of. */
  private static List<Code> packed(List<Code> code, List<Code.Archive> packed) {
    List<Code> stable = new ArrayList<>();
    for (Code each : code) {
      if (each instanceof Code.Directory directory) {
        try {
          packed.add(directory.packed());
        } catch (IOException e) {
          throw new UncheckedIOException("cannot read " + each, e);
        }
        stable.add(packed.get(packed.size() - 1));
      } else {
        stable.add(each);
      }
    }
    return stable;
  }

  private static void delete(List<Code.Archive> packed) {
    for (Code.Archive each : packed) {
      try {
        each.delete();
      } catch (IOException e) {
        // It stays in the directory of temporary files.
      }
    }
  }

  private List<Artifact> upload(List<Code> java, List<Code> python) {
    Map<String, Code> contents = new LinkedHashMap<>();
    List<Artifact> artifacts = new ArrayList<>();
    java.forEach(each -> artifacts.add(artifact(Artifact.Kind.KIND_JAVA, each, contents)));
    python.forEach(each -> artifacts.add(artifact(Artifact.Kind.KIND_PYTHON, each, contents)));
    ArtifactHashes all = ArtifactHashes.newBuilder().addAllContentHashes(contents.keySet()).build();
    for (String hash : gateway.blocking().findMissingArtifacts(all).getContentHashesList()) {
      send(hash, contents.get(hash));
    }
    return artifacts;
  }

  private static Artifact artifact(Artifact.Kind kind, Code code, Map<String, Code> contents) {
    String hash = hash(code);
    contents.put(hash, code);
    return Artifact.newBuilder().setKind(kind).setContentHash(hash).build();
  }

  private static String hash(Code code) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      code.writeTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + code, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }

  private void send(String hash, Code code) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    StreamObserver<ArtifactChunk> chunks =
        gateway
            .async()
            .uploadArtifact(
                new StreamObserver<UploadArtifactResponse>() {
                  @Override
                  public void onNext(UploadArtifactResponse response) {}

                  @Override
                  public void onError(Throwable problem) {
                    done.completeExceptionally(problem);
                  }

                  @Override
                  public void onCompleted() {
                    done.complete(null);
                  }
                });
    chunks.onNext(
        ArtifactChunk.newBuilder().setContentHash(hash).setFileName(code.fileName()).build());
    try (OutputStream pieces = new BufferedOutputStream(new Chunks(chunks), CHUNK)) {
      code.writeTo(pieces);
    } catch (IOException e) {
      chunks.onError(e);
      throw new UncheckedIOException("cannot read " + code, e);
    }
    chunks.onCompleted();
    try {
      done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "%s could not be uploaded to the gateway: %s".formatted(code.fileName(), e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while uploading " + code.fileName(), e);
    }
  }

  /** Sends what is written in pieces of a size that one message may have. */
  private static final class Chunks extends OutputStream {
    private final StreamObserver<ArtifactChunk> target;

    Chunks(StreamObserver<ArtifactChunk> target) {
      this.target = target;
    }

    @Override
    public void write(int single) {
      write(new byte[] {(byte) single}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      for (int start = 0; start < length; start += CHUNK) {
        ByteString data =
            ByteString.copyFrom(bytes, offset + start, Math.min(CHUNK, length - start));
        target.onNext(ArtifactChunk.newBuilder().setData(data).build());
      }
    }
  }
}
