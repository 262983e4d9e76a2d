package org.anabranch.runtime.records;

import java.io.File;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.BaseStream;

/** What to use in place of classes of the JDK that have no counterpart in the other language. */
final class Substitutes {
  private static final Map<Class<?>, String> ADVICE = new LinkedHashMap<>();

  static {
    ADVICE.put(Character.class, "a String (String.valueOf)");
    ADVICE.put(CharSequence.class, "a String (toString)");
    ADVICE.put(Optional.class, "its value or null (orElse(null))");
    ADVICE.put(OptionalInt.class, "its value or null (isPresent, orElse)");
    ADVICE.put(OptionalLong.class, "its value or null (isPresent, orElse)");
    ADVICE.put(OptionalDouble.class, "its value or null (isPresent, orElse)");
    // Of java.sql, which need not be there, toInstant is refused by two of three.
    ADVICE.put(Date.class, "an Instant or a LocalDate (toInstant, or toLocalDate of java.sql)");
    ADVICE.put(Calendar.class, "an Instant (toInstant)");
    ADVICE.put(ZonedDateTime.class, "an OffsetDateTime (toOffsetDateTime)");
    ADVICE.put(AtomicLong.class, "a Long (get)");
    ADVICE.put(AtomicInteger.class, "an Integer (get)");
    ADVICE.put(AtomicBoolean.class, "a Boolean (get)");
    ADVICE.put(AtomicReference.class, "its value (get)");
    ADVICE.put(LongAdder.class, "a Long (sum)");
    ADVICE.put(DoubleAdder.class, "a Double (sum)");
    ADVICE.put(
        Map.Entry.class, "a Tuple2 (new Tuple2<>(getKey(), getValue())) or a record of your own");
    ADVICE.put(BaseStream.class, "a List (toList)");
    ADVICE.put(Iterator.class, "a List of its elements");
    ADVICE.put(URI.class, "a String (toString)");
    ADVICE.put(URL.class, "a String (toString)");
    ADVICE.put(Path.class, "a String (toString)");
    ADVICE.put(File.class, "a String (getPath)");
    ADVICE.put(Future.class, "its result (get)");
    ADVICE.put(Throwable.class, "a String (toString)");
    ADVICE.put(Class.class, "a String (getName)");
    ADVICE.put(Iterable.class, "a List of its elements");
    ADVICE.put(Number.class, "a Long, Double or BigDecimal");
  }

  private Substitutes() {}

  /** Returns what to use for a class. */
  static String of(Class<?> type) {
    return ADVICE.entrySet().stream()
        .filter(each -> each.getKey().isAssignableFrom(type))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("a value that both languages have, or a record of your own");
  }
}
