package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NamesTest {
  private static final List<String> NAMES =
      List.of("com.acme.Shout", "com.acme.Shoot", "com.acme.Outer$Nested", "org.else.Whisper");

  @Test
  void aSlipOfThePenIsFound() {
    assertThat(Names.nearest("com.acme.Shuot", NAMES))
        .containsExactly("com.acme.Shoot", "com.acme.Shout");
    assertThat(Names.nearest("com.acme.Whisperr", NAMES)).containsExactly("org.else.Whisper");
  }

  @Test
  void aForgottenOrWrongPackageIsFound() {
    assertThat(Names.nearest("Whisper", NAMES)).containsExactly("org.else.Whisper");
    assertThat(Names.nearest("com.akme.deep.Whisper", NAMES)).containsExactly("org.else.Whisper");
  }

  @Test
  void aDotInsteadOfADollarIsFound() {
    assertThat(Names.didYouMean("com.acme.Outer.Nested", NAMES))
        .isEqualTo("; did you mean com.acme.Outer$Nested?");
  }

  @Test
  void nothingNearIsNoSuggestion() {
    assertThat(Names.didYouMean("com.acme.Quicksort", NAMES)).isEmpty();
    assertThat(Names.didYouMean("of", List.of("to", "map"))).isEmpty();
  }
}
