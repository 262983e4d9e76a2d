package com.acme;

/** A record that refuses some values. */
public record Delay(int minutes) {
  public Delay {
    if (minutes < 0) {
      throw new IllegalArgumentException("negative: " + minutes);
    }
  }

  public static long minutesOf(Delay delay) {
    return delay.minutes();
  }

  public static Object later(Object old, Object next) {
    return next;
  }
}
