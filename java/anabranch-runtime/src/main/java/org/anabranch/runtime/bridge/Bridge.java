package org.anabranch.runtime.bridge;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.anabranch.runtime.operator.FunctionException;
import org.anabranch.runtime.worker.UserCode;
import org.anabranch.runtime.worker.Worker;

/** What a driver may ask of this JVM. Every method may be called from any thread. */
public final class Bridge {
  private final IntConsumer exit;
  private final Map<String, UserCode> codes = new ConcurrentHashMap<>();

  Bridge(IntConsumer exit) {
    this.exit = exit;
  }

  /**
   * Verifies that a class or static method exists and fits, while a job is being written.
   *
   * @param kind map, flat_map, filter, key_by, reduce, sink, source or partition
   * @param reference {@code "com.acme.Shout"}, {@code "com.acme.Text::shout"}
   * @param classPath the job's jars and class directories, separated as the system does it
   * @return what messages call the function
   * @throws FunctionException with one message for the user if it does not exist or does not fit
   */
  public String checkFunction(String kind, String reference, String classPath) {
    UserCode code;
    try {
      code = codes.computeIfAbsent(classPath, UserCode::ofClassPath);
    } catch (IllegalArgumentException e) {
      throw new FunctionException(e.getMessage(), e);
    }
    return new FunctionLookup(code).check(kind, reference);
  }

  /**
   * Starts a worker in this JVM and returns; the JVM ends with the worker.
   *
   * @param master {@code host:port} of the job master
   * @param token the job's token, as hex digits
   */
  public void startWorker(String workerId, String master, String token) {
    Worker.start(workerId, master, token, exit);
  }
}
