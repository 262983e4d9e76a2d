package org.anabranch.runtime.bridge;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.anabranch.runtime.job.UserCode;
import org.anabranch.runtime.operator.FunctionException;
import org.anabranch.runtime.process.LineOutput;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.worker.Worker;

/** What a driver may ask of this JVM. Every method may be called from any thread. */
public final class Bridge {
  private final IntConsumer exit;
  private final Map<String, UserCode> codes = new ConcurrentHashMap<>();
  private volatile Worker worker;

  Bridge(IntConsumer exit) {
    this.exit = exit;
  }

  /**
   * Verifies that a class or static method exists and fits, while a job is being written.
   *
   * @param kind name of a {@link org.anabranch.runtime.operator.FunctionKind}, in lower case
   * @param reference {@code "com.acme.Shout"}, {@code "com.acme.Text::shout"}
   * @param arguments number of constructor arguments
   * @param classPath the job's jars and class directories, separated by NUL
   * @return what messages call the function
   * @throws FunctionException with one message for the user if it does not exist or does not fit
   */
  public String checkFunction(String kind, String reference, int arguments, String classPath) {
    return new FunctionLookup(code(classPath)).check(kind, reference, arguments);
  }

  /**
   * Verifies that a class, which exists and fits, can be made with constructor arguments.
   *
   * @param arguments one tuple, encoded
   * @param classPath the job's jars and class directories, separated by NUL
   * @throws FunctionException with one message for the user if it cannot
   */
  public void checkArguments(String className, byte[] arguments, String classPath) {
    new FunctionLookup(code(classPath)).checkArguments(className, arguments);
  }

  /**
   * Verifies that a class exists and has the fields that a type on the other side has.
   *
   * @param className binary name of the class
   * @param fields names of the fields, separated by commas
   * @param classPath the job's jars and class directories, separated by NUL
   * @throws FunctionException with one message for the user if not
   */
  public void checkType(String className, String fields, String classPath) {
    Set<String> theirs = fields.isEmpty() ? Set.of() : new TreeSet<>(List.of(fields.split(",")));
    Set<String> ours;
    try {
      TypeRegistry types = new TypeRegistry(code(classPath).loader(), List.of());
      ours = new TreeSet<>(types.fieldNames(className));
    } catch (RecordException e) {
      throw new FunctionException(e.getMessage(), e);
    }
    if (!ours.equals(theirs)) {
      Set<String> missing = new TreeSet<>(ours);
      missing.removeAll(theirs);
      Set<String> unknown = new TreeSet<>(theirs);
      unknown.removeAll(ours);
      throw new FunctionException(
          "class %s has other fields: only in Java: %s; only in Python: %s"
              .formatted(className, orNone(missing), orNone(unknown)));
    }
  }

  private UserCode code(String classPath) {
    try {
      return codes.computeIfAbsent(classPath, UserCode::ofClassPath);
    } catch (IllegalArgumentException e) {
      throw new FunctionException(e.getMessage(), e);
    }
  }

  private static String orNone(Set<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  /**
   * Starts a worker in this JVM and returns; the JVM ends with the worker.
   *
   * @param master {@code host:port} of the job master
   * @param token the job's token, as hex digits
   */
  public void startWorker(String workerId, String master, String token) {
    worker = Worker.start(workerId, master, token, exit);
  }

  /** Has what this JVM prints sent to the worker's master from now on. */
  public void forwardLines() {
    LineOutput.forward(worker::printed);
  }

  /**
   * Tells the worker where its master has come back.
   *
   * @param master {@code host:port}
   */
  public void reconnectWorker(String master) {
    worker.reconnect(master);
  }
}
