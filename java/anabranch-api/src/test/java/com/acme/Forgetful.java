package com.acme;

import java.util.List;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.StreamingContext;

/** A program that describes a job, and ends as its argument says. */
public final class Forgetful {
  private Forgetful() {}

  public static void main(String[] args) {
    StreamingContext context = StreamingContext.buildContext();
    DataStreamSource.fromCollection(context, List.of(1L)).sink(x -> {});
    switch (args[0]) {
      case "discard" -> context.discard();
      case "refuse" -> {
        try {
          context.submit("without a client");
        } catch (IllegalStateException e) {
          System.err.println("refused");
        }
      }
      case "fail" -> throw new IllegalStateException("something else");
      case "exit" -> System.exit(0);
      default -> {}
    }
  }
}
