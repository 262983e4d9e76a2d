package org.anabranch.runtime.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The classes of a job's jars and class directories, apart from the engine's.
 *
 * <p>User code sees the JDK, {@code org.anabranch.api} and its own jars, and nothing else: whatever
 * libraries the engine brings along can neither shadow the job's nor stand in for one that is
 * missing.
 */
public final class UserCode implements AutoCloseable {
  private static final String LOADER_NAME = "job";

  private final URLClassLoader loader;
  private final List<Path> paths;

  /**
   * Opens the class path of a job.
   *
   * @param paths jars and class directories, in the order of their precedence
   * @throws IllegalArgumentException if one of them does not exist
   */
  public UserCode(List<Path> paths) {
    this.paths = List.copyOf(paths);
    List<URL> urls = new ArrayList<>();
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new IllegalArgumentException("there is no file %s; check add_jar".formatted(path));
      }
      try {
        urls.add(path.toUri().toURL());
      } catch (MalformedURLException e) {
        throw new IllegalArgumentException("cannot load classes from " + path, e);
      }
    }
    loader = new URLClassLoader(LOADER_NAME, urls.toArray(URL[]::new), new ApiLoader());
  }

  /** Opens the class path that is written as one string, separated by NUL, which no path holds. */
  public static UserCode ofClassPath(String classPath) {
    return new UserCode(
        Arrays.stream(classPath.split("\0"))
            .filter(path -> !path.isEmpty())
            .map(Path::of)
            .toList());
  }

  /** Returns what loads the job's classes. */
  public ClassLoader loader() {
    return loader;
  }

  /** Returns the jars and directories. */
  public List<Path> paths() {
    return paths;
  }

  @Override
  public void close() {
    try {
      loader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Shows the JDK and, of the engine, only the API. */
  private static final class ApiLoader extends ClassLoader {
    private static final String API = "org.anabranch.api.";

    ApiLoader() {
      super("anabranch-api", ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (name.startsWith(API)) {
        return Class.forName(name, false, UserCode.class.getClassLoader());
      }
      throw new ClassNotFoundException(name);
    }
  }
}
