package com.acme;

import java.util.Locale;

public final class Text {
  private Text() {}

  public static String shout(String value) {
    return value.toUpperCase(Locale.ROOT);
  }
}
