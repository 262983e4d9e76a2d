package org.anabranch.client;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.regex.Pattern;

/** Finds the code of this program: the jars and class directories that its workers need too. */
final class ClassPath {
  // What the runtime brings itself, and what belongs to the tools that started this program.
  private static final Pattern NOT_SHIPPED =
      Pattern.compile(
          "(anabranch-|grpc-|protobuf-java-|guava-|failureaccess-|listenablefuture-|okio|perfmark-|"
              + "annotations-|error_prone_|j2objc-|jsr305-|checker-|animal-sniffer-|proto-google-|"
              + "commons-codec-|objenesis-|py4j-|gson-|javax.annotation-|jspecify-|kotlin-stdlib|"
              + "plexus-classworlds-|maven-|surefire|junit-|jupiter-|opentest4j-|apiguardian-).*\\.jar");

  private ClassPath() {}

  /** Returns the entries to ship, in the order of the class path. */
  static List<Path> entries() {
    Set<Path> entries = new LinkedHashSet<>();
    for (ClassLoader loader = Thread.currentThread().getContextClassLoader();
        loader != null;
        loader = loader.getParent()) {
      if (loader instanceof URLClassLoader urls) { // mvn exec:java runs programs in one of these
        for (URL url : urls.getURLs()) {
          add(entries, url);
        }
      }
    }
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        add(entries, Path.of(entry));
      }
    }
    return new ArrayList<>(entries);
  }

  private static void add(Set<Path> entries, URL url) {
    if (url.getProtocol().equals("file")) {
      try {
        add(entries, Path.of(url.toURI()));
      } catch (URISyntaxException e) {
        throw new IllegalStateException("not a path: " + url, e);
      }
    }
  }

  private static void add(Set<Path> entries, Path entry) {
    Path absolute = entry.toAbsolutePath().normalize();
    boolean shipped =
        Files.isDirectory(absolute)
            || !NOT_SHIPPED.matcher(String.valueOf(absolute.getFileName())).matches();
    if (shipped && Files.exists(absolute) && entries.add(absolute) && isManifestJar(absolute)) {
      entries.addAll(manifestEntries(absolute));
    }
  }

  /** Surefire and IDEs put a long class path into the manifest of an otherwise empty jar. */
  private static boolean isManifestJar(Path jar) {
    return !Files.isDirectory(jar) && !manifestEntries(jar).isEmpty();
  }

  private static List<Path> manifestEntries(Path jar) {
    List<Path> entries = new ArrayList<>();
    if (!jar.toString().endsWith(".jar")) {
      return entries;
    }
    try (JarFile opened = new JarFile(jar.toFile())) {
      if (opened.getManifest() == null) {
        return entries;
      }
      String listed = opened.getManifest().getMainAttributes().getValue("Class-Path");
      if (listed != null) {
        for (String each : listed.split(" ")) {
          Path entry = Path.of(jar.toUri().resolve(each)).normalize();
          boolean shipped =
              Files.isDirectory(entry)
                  || !NOT_SHIPPED.matcher(String.valueOf(entry.getFileName())).matches();
          if (shipped && Files.exists(entry)) {
            entries.add(entry);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + jar, e);
    }
    return entries;
  }
}
