package org.anabranch.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.anabranch.runtime.records.acme.Trade;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The jar that runs: complete, in packages of its own, and at peace with users' libraries. */
class RunnableJarIT {
  private static final Path JAR = Path.of(System.getProperty("anabranch.jar"));
  private static final String SHADED = "org.anabranch.shaded.";
  private static final String RECORDS = "org.anabranch.runtime.records.";
  private static final String PROTO = "org.anabranch.proto.v1.";

  private URLClassLoader engine;

  @BeforeEach
  void load() throws IOException {
    engine =
        new URLClassLoader(new URL[] {JAR.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
  }

  @AfterEach
  void close() throws IOException {
    engine.close();
  }

  @Test
  void itHasNoPackagesButItsOwnAndPy4js() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      Set<String> roots =
          jar.stream()
              .map(entry -> entry.getName().replace("META-INF/versions/9/", ""))
              .filter(name -> name.endsWith(".class"))
              .map(name -> name.startsWith("org/") ? name.split("/")[1] : name.split("/")[0])
              .collect(Collectors.toCollection(TreeSet::new));

      assertThat(roots).containsExactly("anabranch", "py4j");
      assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
          .isEqualTo("org.anabranch.runtime.bridge.BridgeMain");
    }
  }

  @Test
  void itBringsTheLicencesOfWhatItContains() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Anabranch-Artifact"))
          .isEqualTo("anabranch-runtime");
      for (String name :
          List.of("LICENSE", "NOTICE", "licenses/protobuf.txt", "licenses/py4j.txt")) {
        assertThat(jar.getEntry("META-INF/" + name)).as(name).isNotNull();
      }
    }
  }

  @Test
  void itsServicesAreFoundUnderTheirNewNames() throws Exception {
    Object registry =
        type(SHADED + "io.grpc.ManagedChannelRegistry")
            .getMethod("getDefaultRegistry")
            .invoke(null);
    Object builder =
        type(SHADED + "io.grpc.ManagedChannelBuilder")
            .getMethod("forAddress", String.class, int.class)
            .invoke(null, "localhost", 1);

    assertThat(registry).isNotNull();
    assertThat(builder.getClass().getName())
        .isEqualTo(SHADED + "io.grpc.okhttp.OkHttpChannelBuilder");
  }

  @Test
  void itEncodesKeys() throws Exception {
    Class<?> keys = type(RECORDS + "Keys");

    Object bytes = keys.getMethod("encodeKey", Object.class).invoke(null, "EWR");
    Object group = keys.getMethod("keyGroup", byte[].class, int.class).invoke(null, bytes, 128);

    // The same as in tests/vectors/keys.json.
    assertThat(group).isEqualTo(40);
  }

  @Test
  void aUsersMessageKeepsToTheUsersOwnProtobufLibrary() throws Exception {
    URL[] jars = {
      Trade.class.getProtectionDomain().getCodeSource().getLocation(),
      Message.class.getProtectionDomain().getCodeSource().getLocation()
    };
    try (URLClassLoader user = new URLClassLoader(jars, engine)) {
      Object trade =
          Class.forName(Trade.class.getName(), true, user)
              .getMethod("parseFrom", byte[].class)
              .invoke(null, (Object) Trade.newBuilder().setSymbol("ABC").build().toByteArray());

      Object[] read = throughTheCodec(user, List.of(trade, Map.of("trade", trade)));

      assertThat(read).containsExactly(trade, Map.of("trade", trade));
      assertThat(read[0].getClass().getClassLoader()).isSameAs(user);
    }
  }

  private Class<?> type(String name) throws ClassNotFoundException {
    return Class.forName(name, true, engine);
  }

  private Object[] throughTheCodec(ClassLoader user, List<?> values) throws Exception {
    Class<?> language = type(PROTO + "Language");
    Object python = language.getField("LANGUAGE_PYTHON").get(null);
    Class<?> registry = type(RECORDS + "TypeRegistry");
    Object types =
        registry
            .getConstructor(ClassLoader.class, List.class)
            .newInstance(user, List.of(binding("acme.Trade", Trade.class.getName())));
    Object encoder =
        type(RECORDS + "Encoder").getConstructor(language, registry).newInstance(python, types);
    Object batch = encoder.getClass().getMethod("encode", List.class).invoke(encoder, values);
    ByteBuffer payload =
        ByteBuffer.wrap(
            (byte[]) get(batch, "bytes"), (int) get(batch, "offset"), (int) get(batch, "length"));
    Object decoder =
        type(RECORDS + "Decoder").getConstructor(language, registry).newInstance(python, types);
    return (Object[])
        decoder
            .getClass()
            .getMethod("decode", ByteBuffer.class, int.class, List.class)
            .invoke(decoder, payload, values.size(), get(batch, "schemas"));
  }

  private Object binding(String name, String javaClass) throws Exception {
    Object builder = type(PROTO + "TypeBinding").getMethod("newBuilder").invoke(null);
    set(builder, "setName", name);
    set(builder, "setJavaClass", javaClass);
    return get(builder, "build");
  }

  private static void set(Object builder, String method, String value) throws Exception {
    builder.getClass().getMethod(method, String.class).invoke(builder, value);
  }

  private static Object get(Object object, String method)
      throws NoSuchMethodException, IllegalAccessException, InvocationTargetException {
    return object.getClass().getMethod(method).invoke(object);
  }
}
