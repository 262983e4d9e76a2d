package org.anabranch.api.graph;

import org.anabranch.api.function.Function;

/** What messages call a function. */
final class Names {
  private Names() {}

  static String of(Function function) {
    String name = function.getClass().getName();
    int lambda = name.indexOf("$$Lambda");
    return lambda < 0 ? name : name.substring(0, lambda) + " lambda";
  }
}
