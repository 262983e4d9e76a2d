package org.anabranch.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryClassesTest {
  private static final String PREFIX = MemoryClassesTest.class.getName();

  /** Refers to another class, and that to a third one. */
  static class First {
    Object next() {
      return new Second();
    }
  }

  /** Refers to an array. */
  static class Second {
    Object next() {
      return new Third[] {new Third(2.5, 1L << 40)};
    }
  }

  /** Has constants that take two places. */
  record Third(double number, long big) {
    static final String TEXT = "text" + (1L << 50) + 0.25;
  }

  /** Has the bytes of this test's classes, as the launcher of source files has them. */
  private static final class MemoryLoader extends ClassLoader {
    private final boolean givesBytes;

    MemoryLoader(boolean givesBytes) {
      super(MemoryClassesTest.class.getClassLoader());
      this.givesBytes = givesBytes;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(PREFIX)) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      byte[] bytes = bytes(name.replace('.', '/') + ".class");
      return defineClass(name, bytes, 0, bytes.length);
    }

    private static byte[] bytes(String file) {
      try (InputStream in = MemoryClassesTest.class.getClassLoader().getResourceAsStream(file)) {
        return in.readAllBytes();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public InputStream getResourceAsStream(String file) {
      return givesBytes && file.startsWith("org/anabranch/client/MemoryClassesTest")
          ? new ByteArrayInputStream(bytes(file))
          : null;
    }
  }

  private static Class<?> load(String name, boolean givesBytes) throws ClassNotFoundException {
    return new MemoryLoader(givesBytes).loadClass(PREFIX + "$" + name);
  }

  private static String file(String name) {
    return (PREFIX + "$" + name).replace('.', '/') + ".class";
  }

  @Test
  void theClassesThatAClassRefersToAreFoundWithIt() throws Exception {
    MemoryClasses classes = new MemoryClasses(file -> file.equals("java/lang/Object.class"));

    assertThat(classes.add(load("First", true))).isTrue();

    assertThat(classes.found()).containsKeys(file("First"), file("Second"), file("Third"));
  }

  @Test
  void whatIsElsewhereIsNotTaken() throws Exception {
    MemoryClasses classes = new MemoryClasses(Set.of(file("First"))::contains);

    assertThat(classes.add(load("First", true))).isTrue();

    assertThat(classes.found()).isEmpty();
  }

  @Test
  void aLoaderThatKeepsTheBytesToItselfIsNoted() throws Exception {
    assertThat(new MemoryClasses(file -> false).add(load("First", false))).isFalse();
  }
}
