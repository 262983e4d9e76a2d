package org.anabranch.runtime.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The same values are in the test of the Python side. */
final class ControlProofsTest {
  private static final String METHOD = "/anabranch.v1.Gateway/List";

  private final ControlProofs proofs = new ControlProofs("00".repeat(32));

  @Test
  void bothLanguagesProveInTheSameWay() {
    assertThat(proofs.ofChallenge("n", "c"))
        .isEqualTo("752c3517ec57f82b029cc443bf63abe4a7368fef6f065685a7370de897fff3c7");
    assertThat(proofs.ofClient(METHOD, "c", "n"))
        .isEqualTo("7a3ab3a1f3c165be14138bb1f59fe20b2f3d5f0ef97afc035b08f4646f5bdbdb");
    assertThat(proofs.ofServer(METHOD, "c", "n"))
        .isEqualTo("cec2a8213166dfdf3a71fb6f3ccbb7304036cb94e7eb31c30e1bf85f4cdeec0f");
  }

  @Test
  void everyNonceIsAnotherOne() {
    assertThat(ControlProofs.newNonce()).hasSize(64).isNotEqualTo(ControlProofs.newNonce());
  }

  @Test
  void onlyTheWholeProofIsRight() {
    assertThat(ControlProofs.same("ab", "ab")).isTrue();
    assertThat(ControlProofs.same("a", "ab")).isFalse();
    assertThat(ControlProofs.same("", "ab")).isFalse();
  }
}
