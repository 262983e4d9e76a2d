package org.anabranch.client;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Classes that are in no file, as those of a program that is run from its source file ({@code java
 * Job.java}) and those of JShell. Their class loader has their bytes, but lists them for nobody:
 * the ones that are needed are found by following the references from one class to the next.
 */
final class MemoryClasses {
  // Of the constants of a class file, JVM specification 4.4.
  private static final int UTF8 = 1;
  private static final int CLASS = 7;

  private final Predicate<String> isElsewhere;
  private final Map<String, byte[]> found = new TreeMap<>();

  /**
   * Makes an empty set.
   *
   * @param isElsewhere whether a file, such as {@code com/acme/Job.class}, is found another way
   */
  MemoryClasses(Predicate<String> isElsewhere) {
    this.isElsewhere = isElsewhere;
  }

  /**
   * Adds a class that is not elsewhere, and those that it refers to; returns false if its loader
   * does not give it away.
   */
  boolean add(Class<?> type) throws IOException {
    String wanted = file(type.getName().replace('.', '/'));
    Deque<String> open = new ArrayDeque<>(List.of(wanted));
    while (!open.isEmpty()) {
      String file = open.pop();
      if (!found.containsKey(file) && !isElsewhere.test(file)) {
        byte[] bytes = read(type.getClassLoader(), file);
        if (bytes != null) {
          found.put(file, bytes);
          open.addAll(references(bytes));
        }
      }
    }
    return found.containsKey(wanted) || isElsewhere.test(wanted);
  }

  /** Returns the classes, by the names of their files. */
  Map<String, byte[]> found() {
    return found;
  }

  private static String file(String internalName) {
    return internalName + ".class";
  }

  private static byte[] read(ClassLoader loader, String file) throws IOException {
    try (InputStream in = loader.getResourceAsStream(file)) {
      return in == null ? null : in.readAllBytes();
    }
  }

  /** Returns the files of the classes that a class refers to. */
  private static List<String> references(byte[] classFile) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
    in.skipBytes(8); // magic number and version
    int count = in.readUnsignedShort();
    String[] texts = new String[count];
    List<Integer> classes = new ArrayList<>();
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      switch (tag) {
        case UTF8 -> texts[i] = in.readUTF();
        case CLASS -> classes.add(in.readUnsignedShort());
        case 8, 16, 19, 20 -> in.skipBytes(2); // string, method type, module, package
        case 15 -> in.skipBytes(3); // method handle
        case 5, 6 -> { // long and double, which take two places
          in.skipBytes(8);
          i++;
        }
        default -> in.skipBytes(4); // numbers, names with types, and references to members
      }
    }
    return classes.stream()
        .map(index -> texts[index])
        .filter(name -> !name.startsWith("[")) // of an array, whose elements come by themselves
        .map(MemoryClasses::file)
        .toList();
  }
}
