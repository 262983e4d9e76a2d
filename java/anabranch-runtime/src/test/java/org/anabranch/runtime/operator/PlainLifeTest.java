package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.RuntimeContext;
import org.junit.jupiter.api.Test;

class PlainLifeTest {
  private static final List<String> CALLS = new ArrayList<>();

  /** Not public, not rich. */
  private static final class Connected implements MapFunction<String, String>, Closeable {
    private static final long serialVersionUID = 1L;

    public void open(RuntimeContext context) {
      CALLS.add("open " + context);
    }

    @Override
    public String map(String value) {
      return value;
    }

    @Override
    public void close() throws IOException {
      CALLS.add("close");
      throw new IOException("cannot close");
    }
  }

  private static void withOperator(MapFunction<?, ?> function, String... calls) throws Exception {
    CALLS.clear();
    @SuppressWarnings("unchecked")
    MapOperator operator = new MapOperator((MapFunction<Object, Object>) function, (k, v) -> {});
    operator.open(null);
    try {
      operator.close();
    } finally {
      assertThat(CALLS).containsExactly(calls);
    }
  }

  @Test
  void aFunctionThatIsNotRichIsOpenedAndClosedIfItHasTheMethods() {
    assertThatThrownBy(() -> withOperator(new Connected(), "open null", "close"))
        .isInstanceOf(IOException.class)
        .hasMessage("cannot close");
  }

  @Test
  void aLambdaHasNothingToOpen() throws Exception {
    MapFunction<String, String> lambda = value -> value;

    withOperator(lambda);
  }
}
