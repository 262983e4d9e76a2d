package org.anabranch.runtime.records;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** Dates and times as extension data. */
final class Temporals {
  private static final int NANOS = 1_000_000_000;
  private static final long NANOS_PER_DAY = 86_400L * NANOS;

  private Temporals() {}

  static void write(ByteWriter out, LocalDate date) {
    long days = date.toEpochDay();
    if (days != (int) days) {
      throw new RecordException("the date %s is out of range".formatted(date));
    }
    out.extensionHeader(4, Wire.DATE);
    out.int4((int) days);
  }

  static void write(ByteWriter out, LocalTime time) {
    out.extensionHeader(8, Wire.TIME);
    out.int8(time.toNanoOfDay());
  }

  static void write(ByteWriter out, Instant instant) {
    moment(out, 12, Wire.INSTANT, instant.getEpochSecond(), instant.getNano());
  }

  static void write(ByteWriter out, LocalDateTime time) {
    moment(out, 12, Wire.LOCAL_DATE_TIME, time.toEpochSecond(ZoneOffset.UTC), time.getNano());
  }

  static void write(ByteWriter out, Duration duration) {
    moment(out, 12, Wire.DURATION, duration.getSeconds(), duration.getNano());
  }

  static void write(ByteWriter out, OffsetDateTime time) {
    moment(out, 16, Wire.OFFSET_DATE_TIME, time.toEpochSecond(), time.getNano());
    out.int4(time.getOffset().getTotalSeconds());
  }

  private static void moment(ByteWriter out, int size, int code, long seconds, int nanos) {
    out.extensionHeader(size, code);
    out.int8(seconds);
    out.int4(nanos);
  }

  static LocalDate date(ByteReader in) {
    return LocalDate.ofEpochDay(in.int4());
  }

  static LocalTime time(ByteReader in) {
    long nanos = in.int8();
    if (nanos < 0 || nanos >= NANOS_PER_DAY) {
      throw new RecordException("%d nanoseconds are no time of a day".formatted(nanos));
    }
    return LocalTime.ofNanoOfDay(nanos);
  }

  static Instant instant(ByteReader in) {
    long seconds = in.int8();
    int nanos = nanos(in);
    try {
      return Instant.ofEpochSecond(seconds, nanos);
    } catch (DateTimeException e) {
      throw new RecordException(
          "an instant %d seconds from 1970 is out of range".formatted(seconds), e);
    }
  }

  static LocalDateTime localDateTime(ByteReader in) {
    return dateTime(in.int8(), nanos(in), ZoneOffset.UTC);
  }

  static OffsetDateTime offsetDateTime(ByteReader in, boolean zeroAllowed) {
    long seconds = in.int8();
    int nanos = nanos(in);
    int offset = in.int4();
    if (offset == 0 && !zeroAllowed) {
      throw new RecordException("a date-time at offset 0 must be an instant");
    }
    ZoneOffset zone;
    try {
      zone = ZoneOffset.ofTotalSeconds(offset);
    } catch (DateTimeException e) {
      throw new RecordException(
          "an offset of %d seconds from UTC is beyond Java's limit of 18 hours".formatted(offset),
          e);
    }
    return OffsetDateTime.of(dateTime(seconds, nanos, zone), zone);
  }

  static Duration duration(ByteReader in) {
    return Duration.ofSeconds(in.int8(), nanos(in));
  }

  private static LocalDateTime dateTime(long seconds, int nanos, ZoneOffset zone) {
    try {
      return LocalDateTime.ofEpochSecond(seconds, nanos, zone);
    } catch (DateTimeException e) {
      throw new RecordException(
          "a date-time %d seconds from 1970 is out of range".formatted(seconds), e);
    }
  }

  private static int nanos(ByteReader in) {
    int nanos = in.int4();
    if (nanos < 0 || nanos >= NANOS) {
      throw new RecordException(
          "%d nanoseconds are a second or more".formatted(nanos & 0xffff_ffffL));
    }
    return nanos;
  }
}
