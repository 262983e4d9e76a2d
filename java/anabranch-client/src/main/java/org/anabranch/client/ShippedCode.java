package org.anabranch.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Set;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.client.JobDescription;
import org.anabranch.api.graph.EdgeNode;
import org.anabranch.api.graph.FunctionSpec;
import org.anabranch.api.graph.OperatorNode;

/**
 * The code that the workers of a job get.
 *
 * @param java the class path
 * @param python what goes to the front of the module search path
 */
record ShippedCode(List<Code> java, List<Code> python) {

  /**
   * Finds the code of a job: what it was given, the class path of this program, and those of its
   * functions' classes that are in memory only.
   *
   * @throws JobGraphException if the class of a function cannot be sent; the message names the
   *     operator
   */
  static ShippedCode of(JobDescription job) {
    List<Code> java = new ArrayList<>(ClassPath.entriesOf(job.jars()));
    java.addAll(ClassPath.entries());
    List<Code> python = job.pythonPaths().stream().map(ShippedCode::python).toList();
    try {
      MemoryClasses inMemory = new MemoryClasses(new Names(java)::contain);
      for (OperatorNode operator : job.graph().operators()) {
        add(operator, operator.function(), inMemory);
      }
      for (EdgeNode edge : job.graph().edges()) {
        OperatorNode producer = job.graph().operators().get(edge.source() - 1);
        add(producer, edge.partitioning().function(), inMemory);
      }
      if (!inMemory.found().isEmpty()) {
        java.add(new Code.InMemory(inMemory.found()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the class path", e);
    }
    return new ShippedCode(java, python);
  }

  private static Code python(Path path) {
    return Files.isDirectory(path)
        ? new Code.Directory(path, path.getFileName() + ".zip")
        : new Code.Archive(path);
  }

  private static void add(OperatorNode operator, FunctionSpec function, MemoryClasses inMemory)
      throws IOException {
    if (function instanceof FunctionSpec.JavaObject object) {
      for (Class<?> type : object.classes()) {
        if (!inMemory.add(type)) {
          throw new JobGraphException(
              ("operator '%s' (%s): %s needs class %s, which is in no jar or directory of the class"
                      + " path and so cannot be sent to the workers; give the jar that holds it to"
                      + " StreamingContext.addJar")
                  .formatted(
                      operator.name(), operator.origin(), object.displayName(), type.getName()));
        }
      }
    }
  }

  /** What there is in the code; each entry is read when it is asked for the first time. */
  private static final class Names {
    private static final String API = "org/anabranch/api/";

    private final List<Code> unread;
    private final Set<String> names = new HashSet<>();

    Names(List<Code> code) {
      unread = new LinkedList<>(code);
    }

    /** Returns whether workers have a file: from the code, or because everybody has it. */
    boolean contain(String file) {
      if (file.startsWith(API) || ClassLoader.getPlatformClassLoader().getResource(file) != null) {
        return true;
      }
      while (!names.contains(file) && !unread.isEmpty()) {
        Code next = unread.remove(0);
        try {
          names.addAll(next.names());
        } catch (IOException e) {
          throw new UncheckedIOException("cannot read " + next, e);
        }
      }
      return names.contains(file);
    }
  }
}
