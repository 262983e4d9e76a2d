package com.acme;

import java.util.Locale;
import org.anabranch.api.function.MapFunction;

public class Shout implements MapFunction<String, String> {
  @Override
  public String map(String value) {
    return value.toUpperCase(Locale.ROOT);
  }
}
