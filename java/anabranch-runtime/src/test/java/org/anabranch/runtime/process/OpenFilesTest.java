package org.anabranch.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class OpenFilesTest {
  private static final String LIMITS =
      """
      Limit                     Soft Limit           Hard Limit           Units
      Max processes             unlimited            unlimited            processes
      Max open files            %s                20000                files
      Max locked memory         8388608              8388608              bytes
      """;

  @Test
  void theSoftLimitIsThatOfTheProcess() {
    assertThat(OpenFiles.parse(LIMITS.formatted("1024"))).isEqualTo(1024);
  }

  @Test
  void noLimitAndAnUnknownOneAreZero() {
    assertThat(OpenFiles.parse(LIMITS.formatted("unlimited"))).isZero();
    assertThat(OpenFiles.parse("")).isZero();
  }

  @Test
  void itIsWhatTheJvmSays() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
      assertThat(OpenFiles.limit()).isEqualTo(unix.getMaxFileDescriptorCount());
    }
  }
}
