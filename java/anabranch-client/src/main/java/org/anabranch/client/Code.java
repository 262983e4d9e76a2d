package org.anabranch.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** One entry of a class path or of a module search path, which workers get as one file. */
sealed interface Code {

  /** Returns what the file is called. */
  String fileName();

  /** Writes the file's content, always the same for the same code. */
  void writeTo(OutputStream target) throws IOException;

  /** Returns the names of its files, e.g. {@code com/acme/Job.class}. */
  Set<String> names() throws IOException;

  /** A jar or zip file. */
  record Archive(Path file) implements Code {
    @Override
    public String fileName() {
      return file.getFileName().toString();
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
      Files.copy(file, target);
    }

    @Override
    public Set<String> names() throws IOException {
      try (JarFile jar = new JarFile(file.toFile(), false, ZipFile.OPEN_READ, Runtime.version())) {
        return jar.versionedStream().map(ZipEntry::getName).collect(Collectors.toSet());
      }
    }

    /** Removes the file and its directory, which has nothing else. */
    void delete() throws IOException {
      Files.deleteIfExists(file);
      Files.delete(file.getParent());
    }
  }

  /** A directory of classes, or of Python modules. */
  record Directory(Path directory, String fileName) implements Code {
    @Override
    public void writeTo(OutputStream target) throws IOException {
      try (ZipOutputStream zip = new ZipOutputStream(target)) {
        for (Path file : files()) {
          String name = name(file);
          if (!name.contains("__pycache__/")) {
            zip.putNextEntry(entry(name));
            Files.copy(file, zip);
            zip.closeEntry();
          }
        }
      }
    }

    @Override
    public Set<String> names() throws IOException {
      return files().stream().map(this::name).collect(Collectors.toSet());
    }

    /**
     * Returns a file in a directory of its own with what is here now: files may change any time.
     */
    Archive packed() throws IOException {
      Path file = Files.createTempDirectory("anabranch-code-").resolve(fileName);
      try (OutputStream target = Files.newOutputStream(file)) {
        writeTo(target);
      } catch (IOException | RuntimeException e) {
        new Archive(file).delete();
        throw e;
      }
      return new Archive(file);
    }

    /** Returns what class loaders and Python find below the directory: they follow links. */
    private SortedSet<Path> files() throws IOException {
      SortedSet<Path> found = new TreeSet<>();
      Files.walkFileTree(
          directory,
          Set.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (attributes.isRegularFile()) {
                found.add(file);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof FileSystemLoopException) {
                return FileVisitResult.CONTINUE; // it is being walked through already
              }
              throw e;
            }
          });
      return found;
    }

    private String name(Path file) {
      return directory.relativize(file).toString().replace('\\', '/');
    }
  }

  /** A jar in a jar, as those of Spring Boot have them. */
  record NestedJar(Path outer, String entry) implements Code {
    @Override
    public String fileName() {
      return entry.substring(entry.lastIndexOf('/') + 1);
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
      try (ZipFile jar = new ZipFile(outer.toFile());
          InputStream content = jar.getInputStream(jar.getEntry(entry))) {
        content.transferTo(target);
      }
    }

    @Override
    public Set<String> names() throws IOException {
      Set<String> names = new HashSet<>();
      try (ZipFile jar = new ZipFile(outer.toFile());
          ZipInputStream inner = new ZipInputStream(jar.getInputStream(jar.getEntry(entry)))) {
        for (ZipEntry each = inner.getNextEntry(); each != null; each = inner.getNextEntry()) {
          names.add(each.getName());
        }
      }
      return names;
    }
  }

  /** The classes below a directory in a jar, as those of Spring Boot have them. */
  record NestedClasses(Path outer, String prefix) implements Code {
    @Override
    public String fileName() {
      return "classes.jar";
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
      try (ZipFile jar = new ZipFile(outer.toFile());
          ZipOutputStream zip = new ZipOutputStream(target)) {
        List<? extends ZipEntry> all = Collections.list(jar.entries());
        for (ZipEntry each :
            all.stream().sorted(Comparator.comparing(ZipEntry::getName)).toList()) {
          if (each.getName().startsWith(prefix) && !each.isDirectory()) {
            zip.putNextEntry(entry(each.getName().substring(prefix.length())));
            jar.getInputStream(each).transferTo(zip);
            zip.closeEntry();
          }
        }
      }
    }

    @Override
    public Set<String> names() throws IOException {
      try (ZipFile jar = new ZipFile(outer.toFile())) {
        return jar.stream()
            .map(ZipEntry::getName)
            .filter(name -> name.startsWith(prefix))
            .map(name -> name.substring(prefix.length()))
            .collect(Collectors.toSet());
      }
    }
  }

  /** Classes that are in no file, by the names that their files would have. */
  record InMemory(Map<String, byte[]> classes) implements Code {
    @Override
    public String fileName() {
      return "memory.jar";
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
      try (ZipOutputStream zip = new ZipOutputStream(target)) {
        for (Map.Entry<String, byte[]> each : classes.entrySet()) {
          zip.putNextEntry(entry(each.getKey()));
          zip.write(each.getValue());
          zip.closeEntry();
        }
      }
    }

    @Override
    public Set<String> names() {
      return classes.keySet();
    }
  }

  private static ZipEntry entry(String name) {
    ZipEntry entry = new ZipEntry(name);
    entry.setLastModifiedTime(FileTime.fromMillis(0));
    return entry;
  }
}
