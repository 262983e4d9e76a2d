package org.anabranch.runtime.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.anabranch.api.function.MapFunction;
import org.anabranch.runtime.task.Task;
import org.anabranch.runtime.task.UserClasses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserCodeTest {
  @TempDir Path directory;

  private Path compile(String answer) {
    return UserClasses.compile(
        directory,
        """
        public class Version implements MapFunction<Object, Object> {
          static int calls;
          public Object map(Object value) { return "%s" + calls++; }
        }
        """
            .formatted(answer));
  }

  @SuppressWarnings("unchecked")
  private static Object call(UserCode code) throws Exception {
    Class<?> type = code.loader().loadClass("com.acme.Version");
    return ((MapFunction<Object, Object>) type.getConstructor().newInstance()).map(null);
  }

  @Test
  void eachJobHasItsOwnClassesAndSharesTheApi() throws Exception {
    try (UserCode one = new UserCode(List.of(compile("one")));
        UserCode two = new UserCode(List.of(compile("two")))) {
      assertThat(call(one)).isEqualTo("one0");
      assertThat(call(one)).isEqualTo("one1");
      assertThat(call(two)).isEqualTo("two0");
    }
  }

  @Test
  void theFirstOfTwoJarsWins() throws Exception {
    try (UserCode code = new UserCode(List.of(compile("first"), compile("second")))) {
      assertThat(call(code)).isEqualTo("first0");
    }
  }

  @Test
  void theEnginesOwnClassesAndLibrariesAreOutOfSight() {
    try (UserCode code = new UserCode(List.of())) {
      for (String hidden :
          List.of(
              Task.class.getName(),
              "com.google.protobuf.Message",
              "io.grpc.ManagedChannel",
              "py4j.GatewayServer",
              "org.junit.jupiter.api.Test")) {
        assertThatThrownBy(() -> code.loader().loadClass(hidden))
            .isInstanceOf(ClassNotFoundException.class);
      }
      assertThat(code.loader().getResource("org/anabranch/runtime/worker/Task.class")).isNull();
    }
  }

  @Test
  void theApiAndTheJdkAreInSight() throws Exception {
    try (UserCode code = new UserCode(List.of())) {
      assertThat(code.loader().loadClass(MapFunction.class.getName())).isSameAs(MapFunction.class);
      assertThat(code.loader().loadClass("java.sql.Connection")).isNotNull();
    }
  }

  @Test
  void aJarThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> UserCode.ofClassPath("/nowhere/12:00/a.jar"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there is no file /nowhere/12:00/a.jar; check add_jar");
  }
}
