package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;

/**
 * A class of protobuf messages of the user's.
 *
 * <p>A job's jars bring a protobuf library of their own, in a class loader of its own. It is
 * reached by method handles, never by a class this code was compiled against.
 *
 * <p>Safe for use by several threads.
 */
final class MessageType {
  // Put together at run time: the build moves our own protobuf library to another package, and
  // would move a literal name along.
  private static final String LIBRARY = String.join(".", "com", "google", "protobuf");
  private static final String MESSAGE = LIBRARY + ".MessageLite";
  private static final Lookup LOOKUP = MethodHandles.publicLookup();

  private final Class<?> type;
  private final String fullName;
  private final MethodHandle size;
  private final MethodHandle output;
  private final MethodHandle deterministic;
  private final MethodHandle write;
  private final Object parser;
  private final MethodHandle parse;

  private MessageType(Class<?> type) throws Throwable {
    this.type = type;
    ClassLoader loader = type.getClassLoader();
    Class<?> message = library("Message", loader);
    Class<?> messageLite = library("MessageLite", loader);
    Class<?> codedOutput = library("CodedOutputStream", loader);
    Class<?> parserType = library("Parser", loader);

    Object defaultInstance = type.getMethod("getDefaultInstance").invoke(null);
    Object descriptor = message.getMethod("getDescriptorForType").invoke(defaultInstance);
    fullName = (String) descriptor.getClass().getMethod("getFullName").invoke(descriptor);

    size =
        LOOKUP
            .findVirtual(messageLite, "getSerializedSize", MethodType.methodType(int.class))
            .asType(MethodType.methodType(int.class, Object.class));
    output =
        LOOKUP
            .findStatic(
                codedOutput,
                "newInstance",
                MethodType.methodType(codedOutput, byte[].class, int.class, int.class))
            .asType(MethodType.methodType(Object.class, byte[].class, int.class, int.class));
    deterministic =
        LOOKUP
            .findVirtual(
                codedOutput, "useDeterministicSerialization", MethodType.methodType(void.class))
            .asType(MethodType.methodType(void.class, Object.class));
    write =
        LOOKUP
            .findVirtual(messageLite, "writeTo", MethodType.methodType(void.class, codedOutput))
            .asType(MethodType.methodType(void.class, Object.class, Object.class));
    parser = messageLite.getMethod("getParserForType").invoke(defaultInstance);
    parse =
        LOOKUP
            .findVirtual(
                parserType,
                "parseFrom",
                MethodType.methodType(Object.class, byte[].class, int.class, int.class))
            .asType(
                MethodType.methodType(
                    Object.class, Object.class, byte[].class, int.class, int.class));
  }

  private static Class<?> library(String name, ClassLoader loader) throws ClassNotFoundException {
    return Class.forName(LIBRARY + "." + name, false, loader);
  }

  /** Returns whether instances of a class are protobuf messages, by whatever library. */
  static boolean isMessage(Class<?> type) {
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      for (Class<?> implemented : owner.getInterfaces()) {
        if (implemented.getName().equals(MESSAGE) || isMessage(implemented)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Looks into a class of messages.
   *
   * @throws RecordException if it is not one that {@code protoc} has made with descriptors
   */
  static MessageType of(Class<?> type) {
    try {
      return new MessageType(type);
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      throw new RecordException(
          "%s is a protobuf message that is not supported: it must be a class made by protoc for"
                  .formatted(type.getName())
              + " the full runtime, of protobuf-java 3.5 or later ("
              + e
              + ")",
          e);
    }
  }

  /** Returns the message's full name, as in its .proto file. */
  String fullName() {
    return fullName;
  }

  /** Writes the message's bytes, the same for equal messages. */
  void write(ByteWriter out, Object message) {
    try {
      int n = (int) size.invokeExact(message);
      int start = out.skip(n);
      Object coded = (Object) output.invokeExact(out.bytes(), start, n);
      deterministic.invokeExact(coded);
      write.invokeExact(message, coded);
    } catch (RecordException | VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      throw new RecordException("a %s cannot be serialized: %s".formatted(type.getName(), e), e);
    }
  }

  Object parse(byte[] bytes, int start, int length) {
    try {
      return (Object) parse.invokeExact(parser, bytes, start, length);
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      throw new RecordException(
          "the bytes of a message %s cannot be parsed: %s".formatted(fullName, e), e);
    }
  }
}
