package org.anabranch.api.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

class RichFunctionsTest {

  /** Names the task that it runs in. */
  static final class Where extends RichMapFunction<String, String> {
    private static final long serialVersionUID = 1L;

    @Override
    public String map(String value) {
      return value + " in task " + getRuntimeContext().getTaskId();
    }
  }

  private static final RuntimeContext TASK_7 =
      (RuntimeContext)
          Proxy.newProxyInstance(
              RuntimeContext.class.getClassLoader(),
              new Class<?>[] {RuntimeContext.class},
              (proxy, method, arguments) -> method.getName().equals("getTaskId") ? 7 : null);

  @Test
  void anOpenedFunctionKnowsItsContext() throws Exception {
    Where function = new Where();
    function.open(TASK_7);

    assertThat(function.map("a")).isEqualTo("a in task 7");
  }

  @Test
  void beforeOpenTheContextIsMissedWithAClearMessage() {
    assertThatThrownBy(() -> new Where().map("a"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Where.class.getName())
        .hasMessageContaining("super.open(context)");
  }

  @Test
  void theContextDoesNotTravelWithTheFunction() throws Exception {
    Where opened = new Where();
    opened.open(TASK_7);

    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(opened);
    }
    Where arrived;
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      arrived = (Where) in.readObject();
    }

    assertThatThrownBy(() -> arrived.map("a")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theEndOfDataHasNoStackTrace() {
    assertThat(new EndOfDataException().getStackTrace()).isEmpty();
  }
}
