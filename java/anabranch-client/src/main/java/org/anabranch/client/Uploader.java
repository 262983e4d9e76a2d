package org.anabranch.client;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
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
  List<Artifact> upload(List<Path> entries) {
    Map<String, Content> contents = new LinkedHashMap<>();
    for (Path entry : entries) {
      Content content = Content.of(entry);
      contents.put(content.hash(), content);
    }
    ArtifactHashes all = ArtifactHashes.newBuilder().addAllContentHashes(contents.keySet()).build();
    for (String hash : gateway.blocking().findMissingArtifacts(all).getContentHashesList()) {
      send(contents.get(hash));
    }
    return contents.keySet().stream()
        .map(
            hash ->
                Artifact.newBuilder().setKind(Artifact.Kind.KIND_JAVA).setContentHash(hash).build())
        .toList();
  }

  private void send(Content content) {
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
        ArtifactChunk.newBuilder()
            .setContentHash(content.hash())
            .setFileName(content.name())
            .build());
    for (int start = 0; start < content.bytes().length; start += CHUNK) {
      int length = Math.min(CHUNK, content.bytes().length - start);
      chunks.onNext(
          ArtifactChunk.newBuilder()
              .setData(ByteString.copyFrom(content.bytes(), start, length))
              .build());
    }
    chunks.onCompleted();
    try {
      done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "%s could not be uploaded to the gateway: %s".formatted(content.name(), e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while uploading " + content.name(), e);
    }
  }

  /** A jar, or a class directory packed into one, always to the same bytes. */
  private record Content(String name, String hash, byte[] bytes) {

    static Content of(Path entry) {
      try {
        boolean packed = Files.isDirectory(entry);
        byte[] bytes = packed ? pack(entry) : Files.readAllBytes(entry);
        String name = packed ? "classes.jar" : entry.getFileName().toString();
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        return new Content(name, HexFormat.of().formatHex(digest), bytes);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + entry, e);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every JDK has SHA-256
      }
    }

    private static byte[] pack(Path directory) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(bytes);
          var files = Files.walk(directory)) {
        for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
          ZipEntry entry = new ZipEntry(directory.relativize(file).toString().replace('\\', '/'));
          entry.setLastModifiedTime(FileTime.fromMillis(0));
          zip.putNextEntry(entry);
          copy(file, zip);
          zip.closeEntry();
        }
      }
      return bytes.toByteArray();
    }

    private static void copy(Path file, OutputStream target) throws IOException {
      Files.copy(file, target);
    }
  }
}
