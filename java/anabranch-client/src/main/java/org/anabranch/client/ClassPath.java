package org.anabranch.client;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;

/**
 * The code of this program: all that is on its class path, except the jars of the engine, which
 * workers have. Those are known by a line in their manifests: their libraries are in packages of
 * the engine's own, so a program's may have any name and version.
 */
final class ClassPath {
  /** In the manifest of every jar of the engine. */
  private static final Attributes.Name ENGINE = new Attributes.Name("Anabranch-Artifact");

  private static final Attributes.Name NESTED_CLASSES = new Attributes.Name("Spring-Boot-Classes");
  private static final Attributes.Name NESTED_JARS = new Attributes.Name("Spring-Boot-Lib");

  private final Set<Path> seen = new LinkedHashSet<>();
  private final List<Code> entries = new ArrayList<>();

  private ClassPath() {}

  /** Returns the entries to ship, in the order of the class path. */
  static List<Code> entries() {
    ClassPath path = new ClassPath();
    for (ClassLoader loader = Thread.currentThread().getContextClassLoader();
        loader != null;
        loader = loader.getParent()) {
      if (loader instanceof URLClassLoader urls) { // mvn exec:java runs programs in one of these
        for (URL url : urls.getURLs()) {
          path.add(url);
        }
      }
    }
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        path.add(Path.of(entry));
      }
    }
    for (String entry : System.getProperty("jdk.module.path", "").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        path.addModules(Path.of(entry));
      }
    }
    return path.entries;
  }

  /** Returns one jar or directory of classes with what its manifest refers to. */
  static List<Code> entriesOf(List<Path> jars) {
    ClassPath path = new ClassPath();
    jars.forEach(path::add);
    return path.entries;
  }

  private void add(URL url) {
    if (url.getProtocol().equals("file")) { // what is in a jar is found when that jar is read
      try {
        add(Path.of(url.toURI()));
      } catch (URISyntaxException e) {
        throw new IllegalStateException("not a path: " + url, e);
      }
    }
  }

  /** Adds a module, or, as a module path has them, those in a directory. */
  private void addModules(Path entry) {
    if (Files.isRegularFile(entry) || Files.exists(entry.resolve("module-info.class"))) {
      add(entry);
    } else if (Files.isDirectory(entry)) {
      try (Stream<Path> modules = Files.list(entry)) {
        modules.sorted().forEach(this::add);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + entry, e);
      }
    }
  }

  private void add(Path entry) {
    Path absolute = entry.toAbsolutePath().normalize();
    if (!seen.add(absolute)) {
      return;
    }
    if (Files.isDirectory(absolute)) {
      addDirectory(absolute);
    } else if (Files.isRegularFile(absolute)) {
      try (JarFile jar = new JarFile(absolute.toFile())) {
        addJar(absolute, jar);
      } catch (ZipException e) {
        // Not a jar: a JVM passes over it too.
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + absolute, e);
      }
    }
  }

  private void addJar(Path file, JarFile jar) throws IOException {
    Attributes manifest = attributes(jar.getManifest());
    if (manifest.containsKey(ENGINE)) {
      return;
    }
    String classes = manifest.getValue(NESTED_CLASSES);
    String jars = manifest.getValue(NESTED_JARS);
    if (classes != null && jars != null) {
      entries.add(new Code.NestedClasses(file, classes));
      addNestedJars(file, jar, jars);
    } else if (jar.stream().anyMatch(each -> !each.isDirectory() && !isManifest(each))) {
      entries.add(new Code.Archive(file));
    }
    // Surefire and IDEs put a long class path into the manifest of an otherwise empty jar.
    String listed = manifest.getValue(Attributes.Name.CLASS_PATH);
    if (listed != null) {
      for (String each : listed.trim().split("\\s+")) {
        addListed(file, each);
      }
    }
  }

  private void addListed(Path jar, String reference) {
    try {
      URI uri = jar.toUri().resolve(reference);
      if ("file".equals(uri.getScheme())) {
        add(Path.of(uri));
      }
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      // Not a file: a JVM passes over it too.
    }
  }

  /** Jars of Spring Boot are unpacked in containers. */
  private void addDirectory(Path directory) {
    Path file = directory.resolve(JarFile.MANIFEST_NAME);
    Attributes manifest = new Attributes();
    if (Files.isRegularFile(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        manifest = new Manifest(in).getMainAttributes();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + file, e);
      }
    }
    String classes = manifest.getValue(NESTED_CLASSES);
    String jars = manifest.getValue(NESTED_JARS);
    if (classes != null && jars != null) {
      add(directory.resolve(classes));
      addModules(directory.resolve(jars));
    } else {
      entries.add(new Code.Directory(directory, "classes.jar"));
    }
  }

  private void addNestedJars(Path file, JarFile jar, String directory) throws IOException {
    for (ZipEntry each : Collections.list(jar.entries())) {
      if (each.getName().startsWith(directory) && each.getName().endsWith(".jar")) {
        try (ZipInputStream inner = new ZipInputStream(jar.getInputStream(each))) {
          if (!nestedManifest(inner).containsKey(ENGINE)) {
            entries.add(new Code.NestedJar(file, each.getName()));
          }
        }
      }
    }
  }

  private static Attributes nestedManifest(ZipInputStream jar) throws IOException {
    ZipEntry each = jar.getNextEntry();
    while (each != null && !isManifest(each)) {
      each = jar.getNextEntry();
    }
    return each == null ? new Attributes() : new Manifest(jar).getMainAttributes();
  }

  private static boolean isManifest(ZipEntry entry) {
    return entry.getName().equals(JarFile.MANIFEST_NAME);
  }

  private static Attributes attributes(Manifest manifest) {
    return manifest == null ? new Attributes() : manifest.getMainAttributes();
  }
}
