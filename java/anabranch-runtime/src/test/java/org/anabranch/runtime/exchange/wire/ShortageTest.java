package org.anabranch.runtime.exchange.wire;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import org.junit.jupiter.api.Test;

class ShortageTest {
  private static final IOException NONE_LEFT = new SocketException("Too many open files");

  @Test
  void whatLastsIsAnError() {
    Shortage shortage = new Shortage(0);
    shortage.met(NONE_LEFT);

    assertThatThrownBy(() -> shortage.met(NONE_LEFT)).hasRootCause(NONE_LEFT);
  }

  @Test
  void whatPassesIsNone() {
    Shortage shortage = new Shortage(0);
    assertThatCode(
            () -> {
              for (int i = 0; i < 3; i++) {
                shortage.met(NONE_LEFT);
                shortage.over();
              }
            })
        .doesNotThrowAnyException();
  }

  @Test
  void anotherErrorIsNone() {
    Shortage shortage = new Shortage(0);
    assertThatCode(
            () -> {
              for (int i = 0; i < 3; i++) {
                shortage.met(new ConnectException("Connection refused"));
                shortage.met(new IOException());
              }
            })
        .doesNotThrowAnyException();
  }
}
