package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The code of an error is beside its message, and in what a stack trace shows. */
class ErrorCodeTest {
  @Test
  void theMessageStaysAndTheCodeFollowsIt() {
    JobGraphException error = new JobGraphException("no sink");

    assertThat(error).hasMessage("no sink");
    assertThat(error.code()).isEqualTo("AB102");
    assertThat(error.toString())
        .isEqualTo(
            "org.anabranch.api.JobGraphException: no sink%nerror code AB102: see docs/errors.md"
                .formatted());
  }

  @Test
  void eachKindHasACodeUnlessTheEngineHasGivenOne() {
    assertThat(new JobFailedException("x").code()).isEqualTo("AB303");
    assertThat(new JobFailedException("x", null, ErrorCode.FUNCTION_FAILED).code())
        .isEqualTo("AB301");
    assertThat(new JobCancelledException("x").code()).isEqualTo("AB304");
    assertThat(new JobGraphException("x", null, "AB101").code()).isEqualTo("AB101");
  }
}
