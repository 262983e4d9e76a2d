package org.anabranch.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The one jar that a program depends on. */
class ClientJarIT {
  private static final Path JAR = Path.of(System.getProperty("anabranch.jar"));

  @Test
  void itHasNoPackagesButItsOwn() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      Set<String> roots =
          jar.stream()
              .map(entry -> entry.getName().replaceFirst("META-INF/versions/\\d+/", ""))
              .filter(name -> name.endsWith(".class"))
              .map(name -> name.split("/")[0] + "/" + name.split("/")[1])
              .collect(Collectors.toCollection(TreeSet::new));

      assertThat(roots).containsExactly("org/anabranch");
      assertThat(jar.stream().filter(entry -> entry.getName().startsWith("org/anabranch/api/")))
          .isEmpty();
    }
  }

  @Test
  void itsDependenciesAreTheApiAlone() throws IOException {
    String pom = Files.readString(Path.of(System.getProperty("anabranch.pom")));
    Set<String> compiled =
        Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL)
            .matcher(pom)
            .results()
            .map(found -> found.group(1))
            .filter(dependency -> !dependency.contains("<scope>test</scope>"))
            .map(
                dependency -> dependency.replaceAll("(?s).*<artifactId>(.*?)</artifactId>.*", "$1"))
            .collect(Collectors.toSet());

    assertThat(compiled).containsExactly("anabranch-api");
  }

  @Test
  void itSaysWhatItIsAndBringsTheLicencesOfWhatItContains() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      var manifest = jar.getManifest().getMainAttributes();

      assertThat(manifest.getValue("Automatic-Module-Name")).isEqualTo("org.anabranch.client");
      assertThat(manifest.getValue("Anabranch-Artifact")).isEqualTo("anabranch-client");
      assertThat(manifest.getValue("Implementation-Version")).isNotBlank();
      assertThat(text(jar, "META-INF/LICENSE")).contains("Apache License");
      assertThat(text(jar, "META-INF/NOTICE")).startsWith("Anabranch").contains("Guava");
      assertThat(text(jar, "META-INF/licenses/protobuf.txt")).contains("Google Inc.");
    }
  }

  private static String text(JarFile jar, String name) throws IOException {
    return new String(jar.getInputStream(jar.getEntry(name)).readAllBytes());
  }
}
