package org.anabranch.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.anabranch.api.graph.FunctionSpec;

/**
 * A Python function or class by the name of its module and its own name in it.
 *
 * <p>The workers import the module. It is imported once when the job is submitted, so that a name
 * that does not exist fails there.
 */
public final class PythonFunction {
  private final FunctionSpec.PythonReference reference;

  private PythonFunction(FunctionSpec.PythonReference reference) {
    this.reference = reference;
  }

  /**
   * Names a function or class.
   *
   * @param module the module, e.g. {@code "my_package.my_module"}
   * @param name the name in it, e.g. {@code "Scorer"} or {@code "Outer.Inner"}
   */
  public static PythonFunction of(String module, String name) {
    return new PythonFunction(new FunctionSpec.PythonReference(module, name, List.of()));
  }

  /** Returns the class made with these arguments, which must be able to cross to Python. */
  public PythonFunction withArgs(Object... arguments) {
    List<Object> copy = Collections.unmodifiableList(new ArrayList<>(Arrays.asList(arguments)));
    return new PythonFunction(
        new FunctionSpec.PythonReference(reference.module(), reference.name(), copy));
  }

  FunctionSpec spec() {
    return reference;
  }
}
