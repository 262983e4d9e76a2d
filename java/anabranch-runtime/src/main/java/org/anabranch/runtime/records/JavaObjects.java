package org.anabranch.runtime.records;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;

/** Java serialization, for what can only travel from Java to Java. */
final class JavaObjects {
  private JavaObjects() {}

  static byte[] write(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw new RecordException(
          "a %s cannot be serialized: %s".formatted(value.getClass().getTypeName(), e), e);
    }
    return bytes.toByteArray();
  }

  static Object read(byte[] bytes, int start, int length, ClassLoader loader) {
    InputStream data = new ByteArrayInputStream(bytes, start, length);
    try (ObjectInputStream in = new UserObjectInputStream(data, loader)) {
      in.setObjectInputFilter(SerialFilter.of(length));
      Object value = in.readObject();
      if (data.available() > 0) {
        throw new RecordException("a serialized object has bytes left over");
      }
      return value;
    } catch (RecordException e) {
      throw e;
    } catch (IOException
        | ClassNotFoundException
        | RuntimeException
        | LinkageError
        | StackOverflowError e) {
      throw new RecordException("a serialized object cannot be read: " + e, e);
    }
  }

  private static final class UserObjectInputStream extends ObjectInputStream {
    private final ClassLoader loader;

    UserObjectInputStream(InputStream in, ClassLoader loader) throws IOException {
      super(in);
      this.loader = loader;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(description.getName(), false, loader);
      } catch (ClassNotFoundException e) {
        // Primitive types have names that no loader knows.
        return super.resolveClass(description);
      }
    }

    @Override
    protected Class<?> resolveProxyClass(String[] names) throws ClassNotFoundException {
      Class<?>[] interfaces = new Class<?>[names.length];
      for (int i = 0; i < names.length; i++) {
        interfaces[i] = Class.forName(names[i], false, loader);
      }
      return Proxy.newProxyInstance(loader, interfaces, (proxy, method, arguments) -> null)
          .getClass();
    }
  }
}
