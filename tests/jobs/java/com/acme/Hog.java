package com.acme;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.MapFunction;

/** Takes every file that its process may still open, before its task listens. */
public final class Hog implements MapFunction<Object, Object> {
  private static final List<Object> HELD = new ArrayList<>();

  public Hog() {
    try {
      while (true) {
        HELD.add(new FileInputStream("/dev/null"));
      }
    } catch (IOException e) {
      // There are none left.
    }
  }

  @Override
  public Object map(Object value) {
    return value;
  }
}
