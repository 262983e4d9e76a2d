package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a program is told at its end of jobs that it has described and not run. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class NeverRunTest {

  private static String saidBy(String ending) throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "com.acme.Forgetful",
                ending)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  @Test
  void aForgottenExecuteIsNamedWithItsLine() throws Exception {
    assertThat(saidBy("forget").lines())
        .singleElement()
        .asString()
        .startsWith("Forgetful.java:13: a job was described here and never run; end it with");
  }

  @Test
  void aProgramThatHasDealtWithItsJobIsToldNothing() throws Exception {
    assertThat(saidBy("discard")).isEmpty();
    assertThat(saidBy("refuse").lines()).containsExactly("refused");
  }

  @Test
  void aProgramThatHasFailedOrLeftHasOtherWorries() throws Exception {
    assertThat(saidBy("fail"))
        .startsWith("Exception in thread \"main\" java.lang.IllegalStateException: something else")
        .doesNotContain("never run");
    assertThat(saidBy("exit")).isEmpty();
  }
}
