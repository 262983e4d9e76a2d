package org.anabranch.runtime.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter.Config;
import java.io.Serializable;
import java.util.List;
import org.anabranch.api.function.MapFunction;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.JavaObject;
import org.anabranch.runtime.operator.FunctionKind;
import org.anabranch.runtime.operator.FunctionLoader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SerialFilterTest {
  private static final ClassLoader LOADER = SerialFilterTest.class.getClassLoader();

  /** What an operator of the JVM has forbidden. */
  static final class Forbidden implements MapFunction<Long, Long> {
    private static final long serialVersionUID = 1L;

    @Override
    public Long map(Long value) {
      return value;
    }
  }

  /** An object in an object in an object. */
  private static final class Nested implements Serializable {
    private static final long serialVersionUID = 1L;
    private final Object inner;

    Nested(Object inner) {
      this.inner = inner;
    }
  }

  @BeforeAll
  static void hardenTheJvm() {
    Config.setSerialFilter(Config.createFilter("!" + Forbidden.class.getName()));
  }

  @Test
  void theFilterOfTheJvmCountsForRecords() {
    byte[] bytes = JavaObjects.write(new Forbidden());

    assertThatThrownBy(() -> JavaObjects.read(bytes, 0, bytes.length, LOADER))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("filter status: REJECTED");
  }

  @Test
  void theFilterOfTheJvmCountsForFunctions() {
    FunctionLoader loader = new FunctionLoader(LOADER, new TypeRegistry(LOADER, List.of()));
    ByteString bytes = ByteString.copyFrom(JavaObjects.write(new Forbidden()));
    FunctionDescriptor descriptor =
        FunctionDescriptor.newBuilder()
            .setJavaObject(JavaObject.newBuilder().setSerialized(bytes))
            .build();

    assertThatThrownBy(() -> loader.load(FunctionKind.MAP, descriptor))
        .isInstanceOf(InvalidClassException.class)
        .hasMessageContaining("REJECTED");
  }

  @Test
  void whatTheFilterOfTheJvmDoesNotForbidIsRead() {
    byte[] bytes = JavaObjects.write(new Nested(List.of("a", 1)));

    Nested back = (Nested) JavaObjects.read(bytes, 0, bytes.length, LOADER);

    assertThat(back.inner).isEqualTo(List.of("a", 1));
  }
}
