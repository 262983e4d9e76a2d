package org.anabranch.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A gateway that is a child of this process and ends with it, however it ends: its standard input
 * is held open from here.
 */
final class EmbeddedGateway implements AutoCloseable {
  private static final String LISTENS = "anabranch gateway listens on ";
  private static final int TOKEN_BYTES = 32;
  private static final long START_SECONDS = 30;
  private static final long END_SECONDS = 10;

  private final Process process;
  private final String token;
  private final String address;

  /**
   * Starts a gateway.
   *
   * @param python the program to start it with, in which the package anabranch is installed
   * @throws IllegalStateException if it does not start; the message says what it printed
   */
  EmbeddedGateway(String python) {
    byte[] secret = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(secret);
    token = HexFormat.of().formatHex(secret);
    ProcessBuilder builder =
        new ProcessBuilder(python, "-m", "anabranch", "gateway", "--until-stdin-ends");
    builder.environment().put("ANABRANCH_GATEWAY_TOKEN", token);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IllegalStateException(
          "cannot start a gateway with '%s': %s; option %s names the Python to use"
              .formatted(python, e.getMessage(), ClientConfig.PYTHON),
          e);
    }
    address = readAddress(python);
  }

  String address() {
    return address;
  }

  String token() {
    return token;
  }

  /** Has the gateway cancel its jobs and end, and waits for that. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private String readAddress(String python) {
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    CompletableFuture<String> line =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return output.readLine();
              } catch (IOException e) {
                return null;
              }
            });
    String problem;
    try {
      String read = line.get(START_SECONDS, TimeUnit.SECONDS);
      if (read != null && read.startsWith(LISTENS)) {
        return read.substring(LISTENS.length());
      }
      problem = read == null ? "it ended at once" : "it printed: " + read;
    } catch (TimeoutException e) {
      problem = "it has not answered within " + START_SECONDS + " s";
    } catch (ExecutionException e) {
      problem = String.valueOf(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      problem = "interrupted";
    }
    process.destroyForcibly();
    throw new IllegalStateException(
        "'%s -m anabranch gateway' did not start: %s; is the package anabranch installed there? Option %s names the Python to use"
            .formatted(python, problem, ClientConfig.PYTHON));
  }
}
