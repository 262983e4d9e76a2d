package org.anabranch.runtime.job;

import java.util.Map;

/** The options of a job, as the master has sent them. A worker has no defaults of its own. */
public record Options(Map<String, String> values) {

  /** Copies the values. */
  public Options {
    values = Map.copyOf(values);
  }

  /**
   * Returns an option of text.
   *
   * @throws IllegalArgumentException if the master has not sent it
   */
  public String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "the master sent no option %s; master and worker must be of one version".formatted(name));
    }
    return value;
  }

  /**
   * Returns an option that is a number, of any size.
   *
   * @throws IllegalArgumentException if the master has not sent it, or not as a number
   */
  public long longNumber(String name) {
    String text = text(name);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "option %s: expected a whole number, got %s".formatted(name, text), e);
    }
  }

  /**
   * Returns an option that is a number.
   *
   * @throws IllegalArgumentException if the master has not sent it, or not as a number
   */
  public int number(String name) {
    String text = text(name);
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "option %s: expected a whole number below 2^31, got %s".formatted(name, text), e);
    }
  }
}
