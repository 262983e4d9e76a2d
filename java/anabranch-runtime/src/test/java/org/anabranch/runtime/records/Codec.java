package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.TypeBinding;

/** What the tests do with an encoder and a decoder. */
final class Codec {
  /** Knows the classes of the tests by their own names, and the enum of the vectors. */
  static final TypeRegistry TYPES =
      new TypeRegistry(
          Codec.class.getClassLoader(),
          List.of(binding("org.anabranch.vectors.Color", Notation.Color.class)));

  private Codec() {}

  static TypeBinding binding(String name, Class<?> type) {
    return TypeBinding.newBuilder().setName(name).setJavaClass(type.getName()).build();
  }

  static byte[] bytes(Language target, Object value) {
    return bytes(new Encoder(target, TYPES).encode(listOf(value)));
  }

  static byte[] bytes(EncodedBatch batch) {
    return Arrays.copyOfRange(batch.bytes(), batch.offset(), batch.offset() + batch.length());
  }

  static Object throughJava(Object value) {
    return through(LANGUAGE_JAVA, TYPES, TYPES, value);
  }

  /** Python writes what it has read, so its part can be left out. */
  static Object throughPython(Object value) {
    return through(LANGUAGE_PYTHON, TYPES, TYPES, value);
  }

  static Object through(Language language, TypeRegistry from, TypeRegistry to, Object value) {
    EncodedBatch batch = new Encoder(language, from).encode(listOf(value));
    return new Decoder(language, to).decode(bytes(batch), 1, batch.schemas())[0];
  }

  /** List.of takes no null. */
  static List<Object> listOf(Object... values) {
    return new ArrayList<>(Arrays.asList(values));
  }
}
