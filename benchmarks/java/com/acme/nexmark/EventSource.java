package com.acme.nexmark;

import com.acme.bench.NumberedSource;

/** Emits the events below a number. */
public final class EventSource extends NumberedSource {
  private static final long serialVersionUID = 1L;

  /** Creates a source of so many events. */
  public EventSource(long events, String marks) {
    super(events, marks);
  }

  @Override
  protected Object record(long number) {
    return Generator.event(number);
  }
}
