package org.anabranch.api.graph;

import java.util.List;
import java.util.Set;
import org.anabranch.api.function.Function;

/** How a worker gets hold of a function. */
public sealed interface FunctionSpec {

  /** What messages call the function. */
  String displayName();

  /**
   * A Java function object in Java serialization.
   *
   * @param classes the classes that are needed to read it, except those of the JDK and the API
   */
  record JavaObject(String displayName, byte[] serialized, Set<Class<?>> classes)
      implements FunctionSpec {

    /**
     * Serializes a function.
     *
     * @throws org.anabranch.api.JobGraphException if it holds something that cannot be serialized;
     *     the message names the field or captured value
     */
    public static JavaObject of(Function function) {
      Serializer.Serialized serialized = Serializer.serialize(function);
      return new JavaObject(Names.of(function), serialized.bytes(), serialized.classes());
    }
  }

  /** A Python function or class by module and name, made with these arguments if there are any. */
  record PythonReference(String module, String name, List<Object> arguments)
      implements FunctionSpec {
    @Override
    public String displayName() {
      return module + "." + name;
    }
  }
}
