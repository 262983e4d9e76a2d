package com.acme;

import org.anabranch.api.function.FilterFunction;

public class NotB implements FilterFunction<String> {
  @Override
  public boolean filter(String value) {
    return !value.equals("B");
  }
}
