package org.anabranch.client;

import java.util.LinkedHashMap;
import java.util.Map;
import org.anabranch.api.JobGraphException;

/**
 * The options that are the client's own; an environment variable of the same name stands in for one
 * that is not set.
 *
 * @param address {@code host:port} of a running gateway; empty to start one
 * @param token the token of that gateway
 * @param python the Python program that an embedded gateway is started with
 * @param jobOptions all other options, which go to the job
 */
record ClientConfig(String address, String token, String python, Map<String, String> jobOptions) {
  static final String ADDRESS = "anabranch.gateway";
  static final String TOKEN = "anabranch.gateway.token";
  static final String PYTHON = "anabranch.python";

  static ClientConfig of(Map<String, String> config) {
    Map<String, String> rest = new LinkedHashMap<>(config);
    String address = take(rest, ADDRESS, "");
    String token = take(rest, TOKEN, "");
    String python = take(rest, PYTHON, "python3");
    if (!address.isEmpty() && token.isEmpty()) {
      throw new JobGraphException(
          "the gateway at %s needs a token: set option %s or environment variable %s"
              .formatted(address, TOKEN, variable(TOKEN)));
    }
    return new ClientConfig(address, token, python, rest);
  }

  /** Without the token, which whoever prints this does not want to show. */
  @Override
  public String toString() {
    return "ClientConfig[address=%s, python=%s, jobOptions=%s]"
        .formatted(address, python, jobOptions);
  }

  private static String take(Map<String, String> config, String name, String otherwise) {
    String given = config.remove(name);
    if (given != null) {
      return given;
    }
    String fromEnvironment = System.getenv(variable(name));
    return fromEnvironment == null ? otherwise : fromEnvironment;
  }

  private static String variable(String option) {
    return option.toUpperCase(java.util.Locale.ROOT).replace('.', '_');
  }
}
