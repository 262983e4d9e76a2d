package org.anabranch.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassPathTest {
  private static final Map<String, byte[]> A_CLASS = Map.of("com/acme/A.class", bytes("A"));

  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] jar(Map<String, String> manifest, Map<String, byte[]> files)
      throws IOException {
    Manifest head = new Manifest();
    head.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.forEach((name, value) -> head.getMainAttributes().putValue(name, value));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, head)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        jar.putNextEntry(new ZipEntry(file.getKey()));
        jar.write(file.getValue());
        jar.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  private Path write(String name, byte[] content) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, content);
  }

  private static List<String> names(Path... entries) {
    return ClassPath.entriesOf(List.of(entries)).stream().map(Code::fileName).toList();
  }

  private static Set<String> filesIn(Code code) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    code.writeTo(bytes);
    Set<String> names = new TreeSet<>();
    try (ZipInputStream zip =
        new ZipInputStream(new java.io.ByteArrayInputStream(bytes.toByteArray()))) {
      for (ZipEntry each = zip.getNextEntry(); each != null; each = zip.getNextEntry()) {
        names.add(each.getName());
      }
    }
    return names;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "anabranch-jobs-1.0.jar",
        "guava-33.3.1-jre.jar",
        "gson-2.10.1.jar",
        "protobuf-java-util-3.25.5.jar",
        "grpc-client-of-ours-1.jar",
        "kotlin-stdlib-1.9.25.jar",
        "maven-artifact-3.9.9.jar"
      })
  void aJarIsShippedWhateverItIsCalled(String name) throws IOException {
    Path jar = write(name, jar(Map.of(), A_CLASS));

    assertThat(names(jar)).containsExactly(name);
  }

  @Test
  void aJarOfTheEngineIsNotShippedWhateverItIsCalled() throws IOException {
    Path jar = write("mine.jar", jar(Map.of("Anabranch-Artifact", "anabranch-api"), A_CLASS));

    assertThat(names(jar)).isEmpty();
  }

  @Test
  void theJarsThatAManifestRefersToAreShippedInsteadOfAnEmptyOne() throws IOException {
    write("lib/one.jar", jar(Map.of(), A_CLASS));
    write("lib/engine.jar", jar(Map.of("Anabranch-Artifact", "anabranch-client"), A_CLASS));
    write("classes/com/acme/B.class", bytes("B"));
    String listed = "lib/one.jar lib/engine.jar classes/ lib/missing.jar http://acme.com/two.jar";
    Path path = write("surefirebooter.jar", jar(Map.of("Class-Path", listed), Map.of()));

    assertThat(names(path)).containsExactly("one.jar", "classes.jar");
  }

  @Test
  void whatAJvmPassesOverIsNotShipped() throws IOException {
    Path text = write("notes.jar", bytes("not a jar"));

    assertThat(names(text, directory.resolve("missing.jar"))).isEmpty();
  }

  @Test
  void theClassesAndJarsInAJarOfSpringBootAreShipped() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("org/springframework/boot/loader/Launcher.class", bytes("L"));
    files.put("BOOT-INF/classes/com/acme/A.class", bytes("A"));
    files.put("BOOT-INF/classes/application.yaml", bytes("a: 1"));
    files.put("BOOT-INF/lib/gson.jar", jar(Map.of(), Map.of("com/google/Gson.class", bytes("G"))));
    files.put("BOOT-INF/lib/ours.jar", jar(Map.of("Anabranch-Artifact", "anabranch-api"), A_CLASS));
    Map<String, String> manifest =
        Map.of("Spring-Boot-Classes", "BOOT-INF/classes/", "Spring-Boot-Lib", "BOOT-INF/lib/");
    Path app = write("app.jar", jar(manifest, files));

    List<Code> entries = ClassPath.entriesOf(List.of(app));

    assertThat(entries).extracting(Code::fileName).containsExactly("classes.jar", "gson.jar");
    assertThat(filesIn(entries.get(0))).containsExactly("application.yaml", "com/acme/A.class");
    assertThat(filesIn(entries.get(1))).contains("com/google/Gson.class");
    assertThat(entries.get(0).names()).contains("com/acme/A.class");
    assertThat(entries.get(1).names()).contains("com/google/Gson.class");
  }

  @Test
  void anUnpackedJarOfSpringBootIsAsItWasWhenItWasPacked() throws IOException {
    write("app/BOOT-INF/classes/com/acme/A.class", bytes("A"));
    write("app/BOOT-INF/lib/gson.jar", jar(Map.of(), A_CLASS));
    write(
        "app/META-INF/MANIFEST.MF",
        bytes(
            "Manifest-Version: 1.0\nSpring-Boot-Classes: BOOT-INF/classes/\n"
                + "Spring-Boot-Lib: BOOT-INF/lib/\n"));

    assertThat(names(directory.resolve("app"))).containsExactly("classes.jar", "gson.jar");
  }

  @Test
  void aDirectoryBecomesTheSameBytesWheneverItIsPacked() throws IOException {
    Path file = write("classes/com/acme/A.class", bytes("A"));
    Code code = new Code.Directory(directory.resolve("classes"), "classes.jar");
    ByteArrayOutputStream first = new ByteArrayOutputStream();
    code.writeTo(first);
    Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(12_345_678));

    ByteArrayOutputStream second = new ByteArrayOutputStream();
    code.writeTo(second);

    assertThat(second.toByteArray()).isEqualTo(first.toByteArray());
    assertThat(filesIn(code)).containsExactly("com/acme/A.class");
  }

  @Test
  void whatADirectoryLinksToIsInIt() throws IOException {
    write("elsewhere/acme/A.class", bytes("A"));
    Path classes = Files.createDirectories(directory.resolve("classes"));
    Files.createSymbolicLink(classes.resolve("com"), directory.resolve("elsewhere"));
    Files.createSymbolicLink(classes.resolve("round"), classes);
    Files.createSymbolicLink(classes.resolve("broken"), directory.resolve("missing"));
    Code code = new Code.Directory(classes, "classes.jar");

    assertThat(filesIn(code)).containsExactly("com/acme/A.class");
    assertThat(code.names()).containsExactly("com/acme/A.class");
  }

  @Test
  void aPackedDirectoryStaysAsItWas() throws IOException {
    Path file = write("classes/out.log", bytes("one line"));
    Code.Archive packed = new Code.Directory(file.getParent(), "classes.jar").packed();
    Files.write(file, bytes("one line and another"));
    write("classes/new.log", bytes("a line"));

    assertThat(packed.fileName()).isEqualTo("classes.jar");
    assertThat(filesIn(packed)).containsExactly("out.log");
    packed.delete();
    assertThat(packed.file().getParent()).doesNotExist();
  }
}
