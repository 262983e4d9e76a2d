package org.anabranch.runtime.cds;

import com.google.protobuf.MessageLite;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anabranch.proto.v1.Artifact;
import org.anabranch.proto.v1.ChallengeResponse;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ConnectTask;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.JobSetup;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.MasterMessage;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorKind;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.Shutdown;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.bridge.Tokens;
import org.anabranch.runtime.control.ControlProofs;

/**
 * The master of {@link ArchiveRun}'s job: says its lines to the one worker that knows its token, in
 * as much of HTTP/2 as that takes, since the runtime jar holds no gRPC server.
 */
final class ArchiveMaster implements Closeable {
  private static final int HEADERS = 1;
  private static final int DATA = 0;
  private static final int SETTINGS = 4;
  private static final int END_HEADERS = 4;
  private static final int END_STREAM = 1;
  private static final int FIRST_STREAM = 3;
  private static final int SECOND_STREAM = 5;
  private static final String METHOD = "/anabranch.v1.Control/Connect";
  private static final Pattern NONCE = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern PROOF =
      Pattern.compile("([0-9a-f]{64})\\.([0-9a-f]{64})\\.([0-9a-f]{64})");
  private static final int JOB_MILLIS = 1000;
  // What a worker sends before its first message is much less, and comes at once.
  private static final int LONGEST_GREETING = 1 << 14;
  private static final int GREETING_MILLIS = 10_000;
  private static final int BACKLOG = 64;

  private final Path jar;
  private final Path sockets;
  private final ServerSocket listener;
  private final String token = Tokens.draw();
  private final ControlProofs proofs = new ControlProofs(token);
  private final AtomicBoolean served = new AtomicBoolean();

  ArchiveMaster(Path jar, Path sockets) throws IOException {
    this.jar = jar;
    this.sockets = sockets;
    this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    start("archive-master", this::accept);
  }

  private static Thread start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** The secret that the worker has to know, as hex digits. */
  String token() {
    return token;
  }

  /** Gives each caller a thread: one that says nothing, or something else, holds up nobody. */
  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        start("archive-caller", () -> answer(socket));
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  private void answer(Socket caller) {
    try (Socket socket = caller) {
      socket.setSoTimeout(GREETING_MILLIS);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      frame(out, SETTINGS, 0, 0, new byte[0]);
      InputStream in = socket.getInputStream();
      String proof = authenticate(in, out);
      if (served.compareAndSet(false, true)) {
        socket.setSoTimeout(0);
        serve(in, out, proof);
      }
    } catch (IOException | InterruptedException e) {
      // An archive of less is an archive too.
    }
  }

  /** What the worker shows comes as it is: gRPC's HTTP/2 client does not compress it. */
  private static Matcher await(Pattern shown, InputStream in) throws IOException {
    byte[] buffer = new byte[LONGEST_GREETING];
    for (int length = 0, n; length < buffer.length; length += n) {
      n = in.read(buffer, length, buffer.length - length);
      if (n < 0) {
        break;
      }
      String text = new String(buffer, 0, length + n, StandardCharsets.ISO_8859_1);
      Matcher matcher = shown.matcher(text);
      if (matcher.find()) {
        return matcher;
      }
    }
    throw new EOFException("the caller shows nothing");
  }

  /** Answers {@code Challenge}, then waits for {@code Connect}; returns the answer to its proof. */
  private String authenticate(InputStream in, DataOutputStream out) throws IOException {
    String challenge = ControlProofs.newNonce();
    String proof = proofs.ofChallenge(await(NONCE, in).group(), challenge);
    frame(out, HEADERS, END_HEADERS, FIRST_STREAM, headers());
    say(
        out,
        FIRST_STREAM,
        ChallengeResponse.newBuilder().setChallenge(challenge).setProof(proof).build());
    frame(out, HEADERS, END_HEADERS | END_STREAM, FIRST_STREAM, header("grpc-status", "0"));
    Matcher shown = await(PROOF, in);
    String nonce = shown.group(2);
    if (!shown.group(1).equals(challenge)
        || !ControlProofs.same(shown.group(3), proofs.ofClient(METHOD, challenge, nonce))) {
      throw new IOException("the caller does not know the token");
    }
    return proofs.ofServer(METHOD, challenge, nonce);
  }

  private void serve(InputStream in, DataOutputStream out, String proof)
      throws IOException, InterruptedException {
    Thread reader = start("archive-reader", () -> discard(in));
    frame(out, HEADERS, END_HEADERS, SECOND_STREAM, headers("anabranch-auth", proof));
    say(out, MasterMessage.newBuilder().setSetup(setup()));
    say(out, MasterMessage.newBuilder().setDeployTask(source()));
    say(out, MasterMessage.newBuilder().setDeployTask(sink()));
    say(out, MasterMessage.newBuilder().setConnectTask(connect(1)));
    say(out, MasterMessage.newBuilder().setConnectTask(connect(2)));
    // The job of a few thousand records is long over by then, reports included.
    Thread.sleep(JOB_MILLIS);
    say(out, MasterMessage.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
    reader.join();
  }

  private static void discard(InputStream in) {
    try {
      in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      // The worker has ended.
    }
  }

  private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] body)
      throws IOException {
    out.write(body.length >> 16);
    out.writeShort(body.length);
    out.write(type);
    out.write(flags);
    out.writeInt(stream);
    out.write(body);
    out.flush();
  }

  /** {@code :status: 200} is entry 8 of HPACK's static table. */
  private static byte[] headers(String... more) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0x80 | 8);
    block.write(header("content-type", "application/grpc"));
    for (int i = 0; i < more.length; i += 2) {
      block.write(header(more[i], more[i + 1]));
    }
    return block.toByteArray();
  }

  /** A header as a literal that enters no table. */
  private static byte[] header(String name, String value) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0);
    for (String text : List.of(name, value)) {
      block.write(text.length());
      block.write(text.getBytes(StandardCharsets.US_ASCII));
    }
    return block.toByteArray();
  }

  private static void say(DataOutputStream out, MasterMessage.Builder message) throws IOException {
    say(out, SECOND_STREAM, message.build());
  }

  private static void say(DataOutputStream out, int stream, MessageLite message)
      throws IOException {
    byte[] encoded = message.toByteArray();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    DataOutputStream prefixed = new DataOutputStream(body);
    prefixed.write(0); // not compressed
    prefixed.writeInt(encoded.length);
    prefixed.write(encoded);
    frame(out, DATA, 0, stream, body.toByteArray());
  }

  private JobSetup setup() {
    Map<String, String> options = new HashMap<>();
    options.put("anabranch.batch.max-records", "1024");
    options.put("anabranch.batch.max-bytes", "65536");
    options.put("anabranch.exchange.max-frame-bytes", "1048576");
    options.put("anabranch.exchange.send-queue-bytes", "262144");
    options.put("anabranch.exchange.socket-buffer-bytes", "262144");
    options.put("anabranch.exchange.transport", "auto");
    options.put("anabranch.exchange.handshake-timeout-ms", "5000");
    options.put("anabranch.deploy.timeout-ms", "5000");
    options.put("anabranch.cancel.timeout-ms", "3000");
    options.put("anabranch.report.interval-ms", "100");
    options.put("anabranch.heartbeat.timeout-ms", "30000");
    options.put("anabranch.stall.warn-ms", "60000");
    options.put("anabranch.mode", "none");
    return JobSetup.newBuilder()
        .setJobId("archive-run")
        .setJobName("archive-run")
        .putAllConfig(options)
        .addArtifacts(
            Artifact.newBuilder().setKind(Artifact.Kind.KIND_JAVA).setPath(jar.toString()))
        .setSocketDir(sockets.toString())
        .setListenHost("127.0.0.1")
        .build();
  }

  private static TaskDescriptor source() {
    return task(1)
        .addChain(
            operator(1, OperatorKind.OPERATOR_KIND_SOURCE, ArchiveRun.Numbers.class.getName(), ""))
        .addChain(operator(2, OperatorKind.OPERATOR_KIND_KEY_BY, "java.lang.String", "valueOf"))
        .addOutputs(
            OutputEdge.newBuilder()
                .setEdgeId(1)
                .setPartitioning(Partitioning.newBuilder().setKind(Partitioning.Kind.KIND_FORWARD))
                .setCarriesKeys(true)
                .setConsumerLanguage(Language.LANGUAGE_PYTHON)
                .setConsumerName("sink")
                .addChannels(Channel.newBuilder().setChannel(1).setPeerTask(2)))
        .build();
  }

  private static TaskDescriptor sink() {
    return task(2)
        .addChain(operator(3, OperatorKind.OPERATOR_KIND_MAP, "java.lang.String", "valueOf"))
        .addChain(operator(4, OperatorKind.OPERATOR_KIND_SINK, "java.util.Objects", "hashCode"))
        .addInputs(
            InputEdge.newBuilder()
                .setEdgeId(1)
                .setCarriesKeys(true)
                .setProducerLanguage(Language.LANGUAGE_PYTHON)
                .setProducerName("source")
                .addChannels(Channel.newBuilder().setChannel(1).setPeerTask(1)))
        .build();
  }

  private static TaskDescriptor.Builder task(int id) {
    return TaskDescriptor.newBuilder()
        .setTaskId(id)
        .setName("task " + id)
        .setIncarnation(1)
        .setParallelism(1)
        .setMaxParallelism(128);
  }

  private static Operator operator(int id, OperatorKind kind, String type, String method) {
    JavaReference function =
        JavaReference.newBuilder().setClassName(type).setMethod(method).build();
    return Operator.newBuilder()
        .setId(id)
        .setName("operator " + id)
        .setKind(kind)
        .setLanguage(Language.LANGUAGE_JAVA)
        .setParallelism(1)
        .setFunction(
            FunctionDescriptor.newBuilder().setDisplayName(type).setJavaReference(function))
        .build();
  }

  private ConnectTask connect(int task) {
    ConnectTask.Builder connect = ConnectTask.newBuilder().setTaskId(task);
    if (task == 2) {
      Endpoint endpoint =
          Endpoint.newBuilder().setUnixPath(sockets.resolve("t1-1.sock").toString()).build();
      connect.addProducers(
          ConnectTask.Producer.newBuilder().setChannel(1).setIncarnation(1).setEndpoint(endpoint));
    }
    return connect.build();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
