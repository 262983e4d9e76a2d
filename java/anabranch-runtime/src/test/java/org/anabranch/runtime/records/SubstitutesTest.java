package org.anabranch.runtime.records;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.anabranch.proto.v1.Language;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SubstitutesTest {

  static Stream<Arguments> values() {
    return Stream.of(
        Arguments.of('a', "a String"),
        Arguments.of(new StringBuilder("a"), "a String"),
        Arguments.of(Optional.of(1), "orElse"),
        Arguments.of(new Date(0), "an Instant"),
        Arguments.of(ZonedDateTime.now(), "an OffsetDateTime"),
        Arguments.of(new AtomicLong(1), "a Long"),
        Arguments.of(Map.entry("a", 1), "a Tuple2"),
        Arguments.of(Stream.of(1), "a List"),
        Arguments.of(List.of(1).iterator(), "a List"),
        Arguments.of(URI.create("http://a"), "a String"),
        Arguments.of(Locale.ROOT, "a record of your own"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void aValueOfTheJdkThatPythonHasNothingForIsRefusedWithWhatToUse(Object value, String advice) {
    TypeRegistry types = new TypeRegistry(SubstitutesTest.class.getClassLoader(), List.of());
    Encoder encoder = new Encoder(Language.LANGUAGE_PYTHON, types);

    assertThatThrownBy(() -> encoder.encode(List.of(value)))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("use ")
        .hasMessageContaining(advice);
  }
}
