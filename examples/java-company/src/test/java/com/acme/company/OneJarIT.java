package com.acme.company;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The program as it is started where it is deployed. */
class OneJarIT {

  @Test
  void theProgramRunsFromItsOneJar() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                "target/anabranch-orders-1.0.jar")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    assertEquals(List.of("ann lee 200", "bob ray 50", "ann lee 320"), printed.lines().toList());
  }
}
