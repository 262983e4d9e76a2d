package org.anabranch.runtime.task;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/** Compiles what a user would have written, into a directory that no class path of ours holds. */
public final class UserClasses {
  private static final Pattern NAME = Pattern.compile("(?:class|interface|record|enum) (\\w+)");
  private static final String HEAD =
      """
      package com.acme;
      import java.util.*;
      import org.anabranch.api.function.*;
      import org.anabranch.api.tuple.*;
      """;

  private UserClasses() {}

  /** Compiles sources of package com.acme; each begins with the type that it is named after. */
  public static Path compile(Path directory, String... sources) {
    return compileWith(directory, System.getProperty("java.class.path"), sources);
  }

  public static Path compileWith(Path directory, String classPath, String... sources) {
    try {
      Path sourceRoot = Files.createTempDirectory(directory, "src");
      Path classes = Files.createTempDirectory(directory, "classes");
      List<String> arguments =
          new ArrayList<>(List.of("-d", classes.toString(), "-cp", classPath, "-proc:none"));
      for (String source : sources) {
        Matcher name = NAME.matcher(source);
        if (!name.find()) {
          throw new IllegalArgumentException("no type in " + source);
        }
        Path file = sourceRoot.resolve(name.group(1) + ".java");
        // One line, so that the line numbers in stack traces are those of the source given.
        Files.writeString(file, HEAD.replace("\n", " ") + source);
        arguments.add(file.toString());
      }
      var problems = new StringWriter();
      var compiler = ToolProvider.getSystemJavaCompiler();
      try (var files = compiler.getStandardFileManager(null, null, null)) {
        var units = files.getJavaFileObjectsFromStrings(arguments.subList(5, arguments.size()));
        boolean compiled =
            compiler.getTask(problems, files, null, arguments.subList(0, 5), null, units).call();
        if (!compiled) {
          throw new IllegalArgumentException(problems.toString());
        }
      }
      return classes;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
