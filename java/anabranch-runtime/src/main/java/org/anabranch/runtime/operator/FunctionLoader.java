package org.anabranch.runtime.operator;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.SerialFilter;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.records.ValueCopier;
import org.anabranch.runtime.state.StateCodec;

/**
 * Makes the function objects that a job's descriptors describe, from the classes of the job's jars.
 */
public final class FunctionLoader {
  private final ClassLoader loader;
  private final TypeRegistry types;

  /**
   * Creates a loader.
   *
   * @param loader sees the job's jars
   * @param types decodes constructor arguments
   */
  public FunctionLoader(ClassLoader loader, TypeRegistry types) {
    this.loader = loader;
    this.types = types;
  }

  /** Returns a new codec for state, which belongs to the thread that asks. */
  public StateCodec stateCodec() {
    return new StateCodec(types);
  }

  /** Returns a new copier, which belongs to the thread that asks. */
  ValueCopier copier() {
    return new ValueCopier(types);
  }

  /** Returns a new encoder for records that stay in Java, which belongs to the thread that asks. */
  Encoder javaEncoder() {
    return new Encoder(Language.LANGUAGE_JAVA, types);
  }

  /** Returns a new encoder for keys, which belongs to the thread that asks. */
  Encoder keyEncoder() {
    return new Encoder(Language.LANGUAGE_PYTHON, types);
  }

  /**
   * Returns a new object of the kind's interface.
   *
   * @throws FunctionException if the function does not exist or does not fit
   * @throws Throwable what the constructor of the user's class has thrown
   */
  public Object load(FunctionKind kind, FunctionDescriptor descriptor) throws Throwable {
    return switch (descriptor.getBodyCase()) {
      case JAVA_REFERENCE -> load(kind, descriptor.getJavaReference());
      case JAVA_OBJECT ->
          deserialize(
              kind, descriptor.getDisplayName(), descriptor.getJavaObject().getSerialized());
      case PYTHON_OBJECT, PYTHON_REFERENCE ->
          throw new FunctionException(
              "%s is a Python function; a Java worker cannot run it"
                  .formatted(descriptor.getDisplayName()));
      case BODY_NOT_SET -> throw new FunctionException("the operator has no function");
    };
  }

  private Object load(FunctionKind kind, JavaReference reference) throws Throwable {
    String name = reference.getClassName();
    Class<?> type;
    try {
      type = FunctionChecks.loadClass(loader, name);
    } catch (ClassNotFoundException e) {
      throw new FunctionException(
          "class %s is in none of the job's jars; add the jar that holds it (add_jar)"
              .formatted(name),
          e);
    }
    if (!reference.getMethod().isEmpty()) {
      return MethodFunctions.of(kind, FunctionChecks.findMethod(kind, type, reference.getMethod()));
    }
    Object[] arguments = arguments(reference.getArguments());
    FunctionChecks.checkClass(kind, type, arguments.length);
    return instantiate(type, arguments);
  }

  private Object[] arguments(ByteString encoded) {
    if (encoded.isEmpty()) {
      return new Object[0];
    }
    Decoder decoder = new Decoder(Language.LANGUAGE_PYTHON, types);
    Object[] decoded = decoder.decode(ByteBuffer.wrap(encoded.toByteArray()), 1, List.of());
    if (decoded[0] instanceof Tuple tuple) {
      return tuple.toList().toArray();
    }
    throw new FunctionException("constructor arguments must be one tuple, not " + decoded[0]);
  }

  /**
   * Checks that a public constructor of a class takes these arguments, as far as can be told.
   *
   * @param encoded one tuple, as a descriptor has it
   * @throws FunctionException with one message for the user if none does
   * @throws RecordException if the arguments are of types that are not known here
   */
  public void checkArguments(Class<?> type, ByteString encoded) {
    Object[] decoded = arguments(encoded);
    // What was not registered here comes as a row; it may be an object of its class in a worker.
    if (Arrays.stream(decoded).noneMatch(Row.class::isInstance)) {
      constructor(type, decoded);
    }
  }

  private static Object instantiate(Class<?> type, Object[] arguments) throws Throwable {
    Constructor<?> constructor = constructor(type, arguments);
    try {
      return constructor.newInstance(Arguments.fit(constructor.getParameterTypes(), arguments));
    } catch (InvocationTargetException e) {
      throw e.getCause(); // the user's own exception, not the wrapping of the reflective call
    }
  }

  /** Returns the constructor whose parameters are nearest to the arguments. */
  private static Constructor<?> constructor(Class<?> type, Object[] arguments) {
    List<String> problems = new ArrayList<>();
    List<Constructor<?>> fitting = new ArrayList<>();
    for (Constructor<?> each : FunctionChecks.constructors(type, arguments.length)) {
      try {
        Arguments.fit(each.getParameterTypes(), arguments);
        fitting.add(each);
      } catch (IllegalArgumentException e) {
        problems.add(e.getMessage());
      }
    }
    return fitting.stream()
        .min(
            Comparator.<Constructor<?>>comparingInt(
                    each -> Arguments.distance(each.getParameterTypes(), arguments))
                .thenComparing(Constructor::toString)) // the same one in every JVM
        .orElseThrow(
            () ->
                new FunctionException(
                    "no public constructor of class %s takes these arguments: %s"
                        .formatted(type.getName(), String.join("; ", problems))));
  }

  private Object deserialize(FunctionKind kind, String name, ByteString serialized)
      throws IOException {
    Object function;
    try (ObjectInputStream in = new LoaderObjectInputStream(serialized)) {
      function = in.readObject();
    } catch (ClassNotFoundException e) {
      throw new FunctionException(
          "%s needs class %s, which is in none of the job's jars; add the jar that holds it"
              .formatted(name, e.getMessage()),
          e);
    }
    if (!kind.type().isInstance(function)) {
      throw new FunctionException(
          "%s needs a %s; %s is a %s"
              .formatted(
                  kind.verb(),
                  kind.type().getName(),
                  name,
                  function == null ? "null" : function.getClass().getName()));
    }
    return function;
  }

  /** Resolves classes in the job's jars, where Java serialization would look in the engine's. */
  private final class LoaderObjectInputStream extends ObjectInputStream {
    LoaderObjectInputStream(ByteString serialized) throws IOException {
      super(serialized.newInput());
      setObjectInputFilter(SerialFilter.of(serialized.size()));
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(description.getName(), false, loader);
      } catch (ClassNotFoundException e) {
        return super.resolveClass(description); // primitive types
      }
    }
  }
}
