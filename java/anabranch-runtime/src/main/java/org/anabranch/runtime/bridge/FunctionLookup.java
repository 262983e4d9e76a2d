package org.anabranch.runtime.bridge;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.anabranch.runtime.job.UserCode;
import org.anabranch.runtime.operator.FunctionChecks;
import org.anabranch.runtime.operator.FunctionException;
import org.anabranch.runtime.operator.FunctionKind;
import org.anabranch.runtime.operator.FunctionLoader;
import org.anabranch.runtime.operator.Names;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;

/** Looks up what a user calls a function, and finds what may have been meant if it is not there. */
record FunctionLookup(UserCode code) {
  private static final String METHOD = "::";
  private static final String CLASS_FILE = ".class";

  String check(String kindName, String reference, int arguments) {
    FunctionKind kind = FunctionKind.parse(kindName);
    int separator = reference.indexOf(METHOD);
    String className = separator < 0 ? reference : reference.substring(0, separator);
    String method = separator < 0 ? "" : reference.substring(separator + METHOD.length());
    if (className.isBlank() || (separator >= 0 && method.isBlank())) {
      throw new FunctionException(
          "\"%s\" names no function; write com.acme.Shout for a class or com.acme.Text::shout for a static method"
              .formatted(reference));
    }
    Class<?> type = load(className);
    if (separator >= 0) {
      if (arguments > 0) {
        throw new FunctionException(
            "%s is a static method, which takes no constructor arguments".formatted(reference));
      }
      FunctionChecks.findMethod(kind, type, method);
    } else {
      FunctionChecks.checkClass(kind, type, arguments);
    }
    return reference;
  }

  /** Checks that a class can be made with these arguments; those of types of the job's own pass. */
  void checkArguments(String className, byte[] arguments) {
    Class<?> type = load(className);
    TypeRegistry types = new TypeRegistry(code.loader(), List.of());
    try {
      new FunctionLoader(code.loader(), types).checkArguments(type, ByteString.copyFrom(arguments));
    } catch (RecordException e) {
      // Whether they fit shows when the job runs, with its types.
    }
  }

  private Class<?> load(String name) {
    try {
      return FunctionChecks.loadClass(code.loader(), name);
    } catch (ClassNotFoundException e) {
      throw new FunctionException(missing(name), e);
    }
  }

  private String missing(String name) {
    if (code.paths().isEmpty()) {
      return "there is no class %s: the job has no jars; add the one that holds it (add_jar)"
          .formatted(name);
    }
    Set<String> classes = new TreeSet<>();
    for (Path path : code.paths()) {
      classes.addAll(classesOf(path));
    }
    String searched =
        code.paths().stream()
            .map(path -> path.getFileName().toString())
            .collect(Collectors.joining(", "));
    String hint = Names.didYouMean(name, classes);
    if (hint.isEmpty()) {
      hint = "; add the jar that holds it (add_jar)";
    }
    return "there is no class %s in %s%s".formatted(name, searched, hint);
  }

  private static Set<String> classesOf(Path path) {
    try {
      return Files.isDirectory(path) ? classesOfDirectory(path) : classesOfJar(path);
    } catch (IOException e) {
      throw new FunctionException(
          "%s cannot be read as a jar: %s".formatted(path, e.getMessage()), e);
    }
  }

  private static Set<String> classesOfDirectory(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return names(files.map(file -> root.relativize(file).toString()).toList());
    }
  }

  private static Set<String> classesOfJar(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      return names(Collections.list(zip.entries()).stream().map(Object::toString).toList());
    }
  }

  private static Set<String> names(List<String> files) {
    return files.stream()
        .filter(file -> file.endsWith(CLASS_FILE) && !file.startsWith("META-INF"))
        .map(file -> file.substring(0, file.length() - CLASS_FILE.length()))
        .map(file -> file.replace('/', '.').replace('\\', '.'))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
