package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.proto.v1.JavaObject;
import org.anabranch.proto.v1.JavaReference;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.PythonReference;
import org.anabranch.runtime.job.UserCode;
import org.anabranch.runtime.records.EncodedBatch;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.task.UserClasses;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FunctionLoaderTest {
  @TempDir static Path directory;
  private static UserCode code;
  private static FunctionLoader loader;

  @BeforeAll
  static void compile() {
    Path classes =
        UserClasses.compile(
            directory,
            """
            public class Configured implements MapFunction<Object, String> {
              final String text;
              public Configured(int a, double b, String c) { text = "ids " + a + b + c; }
              public Configured(long a, List<Object> b, String c) { text = "lls " + a + b + c; }
              public String map(Object value) { return text; }
            }
            """,
            """
            public class Failing implements MapFunction<Object, Object> {
              public Failing() { throw new IllegalStateException("no connection"); }
              public Object map(Object value) { return value; }
            }
            """,
            """
            public class Overloaded implements MapFunction<Object, String> {
              private final String which;
              public Overloaded(Object value) { which = "Object"; }
              public Overloaded(float value) { which = "float"; }
              public Overloaded(double value) { which = "double"; }
              public Overloaded(int value) { which = "int"; }
              public Overloaded(long value) { which = "long"; }
              public Overloaded(String value) { which = "String"; }
              public Overloaded(Collection<?> value) { which = "Collection"; }
              public String map(Object value) { return which; }
            }
            """,
            """
            public class Text {
              public static String any(Object value) { return "any"; }
              public static String any(String value) { return "string"; }
              public static List<String> list(String s) { return Arrays.asList(s.split(" ")); }
              public static Iterator<String> iterator(String s) { return list(s).iterator(); }
              public static java.util.stream.Stream<String> stream(String s) { return list(s).stream(); }
              public static String[] array(String s) { return s.split(" "); }
              public static void collect(String s, Collector<String> out) { list(s).forEach(out::collect); }
              public static char[] characters(String s) { return s.toCharArray(); }
              public static String one(String s) { return s; }
              public static String nothing(String s) { return null; }
              public static long add(long a, long b) { return a + b; }
              public static int[] everywhere(Object value, int n) { return new int[] {0, n - 1}; }
              public static Integer first(Object value, Integer n) { return 0; }
              public static String checked(String s) throws Exception { throw new java.io.IOException(s); }
            }
            """);
    code = new UserCode(List.of(classes));
    loader = new FunctionLoader(code.loader(), new TypeRegistry(code.loader(), List.of()));
  }

  @AfterAll
  static void close() {
    code.close();
  }

  @SuppressWarnings("unchecked")
  private static <F> F load(FunctionKind kind, String type, String method, Tuple arguments)
      throws Throwable {
    JavaReference.Builder reference =
        JavaReference.newBuilder().setClassName(type).setMethod(method);
    if (arguments != null) {
      var types = new TypeRegistry(code.loader(), List.of());
      EncodedBatch batch = new Encoder(Language.LANGUAGE_PYTHON, types).encode(List.of(arguments));
      reference.setArguments(ByteString.copyFrom(batch.bytes(), batch.offset(), batch.length()));
    }
    FunctionDescriptor descriptor =
        FunctionDescriptor.newBuilder().setJavaReference(reference).build();
    return (F) loader.load(kind, descriptor);
  }

  private static MapFunction<Object, Object> map(String method) throws Throwable {
    return load(FunctionKind.MAP, "com.acme.Text", method, null);
  }

  @Test
  void constructorArgumentsChooseTheConstructorThatTakesThem() throws Throwable {
    MapFunction<Object, Object> numbers =
        load(FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L, 2L, "x"));
    MapFunction<Object, Object> list =
        load(FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L, List.of(2L), "x"));

    assertThat(numbers.map(null)).isEqualTo("ids 12.0x");
    assertThat(list.map(null)).isEqualTo("lls 1[2]x");
  }

  @Test
  void argumentsThatNoConstructorTakesAreNamed() {
    assertThatThrownBy(
            () -> load(FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L << 40, 2.0, "x")))
        .isInstanceOf(FunctionException.class)
        .hasMessageContaining(
            "argument 1 is a Long 1099511627776 and does not fit parameter type int");
    assertThatThrownBy(() -> load(FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L)))
        .isInstanceOf(FunctionException.class)
        .hasMessageContaining("no public constructor with 1 argument")
        .hasMessageContaining("Configured(int, double, String)");
  }

  @Test
  void aWholeNumberThatADoubleCannotHoldDoesNotFitIt() {
    assertThatThrownBy(
            () ->
                load(
                    FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L, (1L << 53) + 1, "x")))
        .hasMessageContaining("9007199254740993 and does not fit parameter type double");
    assertThatThrownBy(
            () ->
                load(
                    FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L, Long.MAX_VALUE, "x")))
        .hasMessageContaining("does not fit parameter type double");
  }

  @Test
  void ofSeveralConstructorsTheNearestIsTaken() throws Throwable {
    for (var expected :
        List.of(
            new Object[] {7L, "long"},
            new Object[] {7.5, "double"},
            new Object[] {"7", "String"},
            new Object[] {List.of(7L), "Collection"},
            new Object[] {true, "Object"})) {
      MapFunction<Object, Object> made =
          load(FunctionKind.MAP, "com.acme.Overloaded", "", Tuple.of(expected[0]));

      assertThat(made.map(null)).isEqualTo(expected[1]);
    }
  }

  @Test
  void whatTheConstructorThrowsComesAsItIs() {
    assertThatThrownBy(() -> load(FunctionKind.MAP, "com.acme.Failing", "", null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no connection");
  }

  @Test
  void ofOverloadsTheOneForAnyObjectIsTaken() throws Throwable {
    assertThat(map("any").map("text")).isEqualTo("any");
  }

  @Test
  void primitiveTypesAreBoxed() throws Throwable {
    ReduceFunction<Object> add = load(FunctionKind.REDUCE, "com.acme.Text", "add", null);

    assertThat(add.reduce(2L, 3L)).isEqualTo(5L);
  }

  @Test
  void checkedExceptionsComeAsTheyAre() throws Throwable {
    MapFunction<Object, Object> checked = map("checked");

    assertThatThrownBy(() -> checked.map("x")).isInstanceOf(IOException.class).hasMessage("x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "iterator", "stream", "array", "collect"})
  void aFlatMapMayReturnOrCollectItsRecords(String method) throws Throwable {
    FlatMapFunction<Object, Object> split =
        load(FunctionKind.FLAT_MAP, "com.acme.Text", method, null);
    List<Object> collected = new ArrayList<>();
    split.flatMap("a b c", collected::add);

    assertThat(collected).containsExactly("a", "b", "c");
  }

  @Test
  void aFlatMapMayReturnAnArrayOfPrimitives() throws Throwable {
    FlatMapFunction<Object, Object> split =
        load(FunctionKind.FLAT_MAP, "com.acme.Text", "characters", null);
    List<Object> collected = new ArrayList<>();
    split.flatMap("ab", collected::add);

    assertThat(collected).containsExactly('a', 'b');
  }

  @Test
  void aFlatMapThatReturnsNoSequenceIsRefused() throws Throwable {
    for (String method : List.of("one", "nothing")) {
      FlatMapFunction<Object, Object> wrong =
          load(FunctionKind.FLAT_MAP, "com.acme.Text", method, null);
      assertThatThrownBy(() -> wrong.flatMap("x", value -> {}))
          .hasMessageContaining("must return an Iterable, Iterator, Stream or array");
    }
  }

  @Test
  void aPartitionFunctionMayReturnOneIndexOrSeveral() throws Throwable {
    PartitionFunction<Object> several =
        load(FunctionKind.PARTITION, "com.acme.Text", "everywhere", null);
    PartitionFunction<Object> one = load(FunctionKind.PARTITION, "com.acme.Text", "first", null);

    assertThat(several.partition("x", 4)).containsExactly(0, 3);
    assertThat(one.partition("x", 4)).containsExactly(0);
  }

  @Test
  void aSerializedFunctionIsReadInTheLoaderOfTheJob() throws Throwable {
    Object function = load(FunctionKind.MAP, "com.acme.Configured", "", Tuple.of(1L, 2L, "x"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(function);
    }
    FunctionDescriptor descriptor =
        FunctionDescriptor.newBuilder()
            .setDisplayName("<lambda>")
            .setJavaObject(
                JavaObject.newBuilder().setSerialized(ByteString.copyFrom(bytes.toByteArray())))
            .build();

    Object loaded = loader.load(FunctionKind.MAP, descriptor);
    assertThat(loaded.getClass()).isSameAs(function.getClass());
    assertThatThrownBy(() -> loader.load(FunctionKind.FILTER, descriptor))
        .isInstanceOf(FunctionException.class)
        .hasMessageContaining("filter needs a org.anabranch.api.function.FilterFunction");
  }

  @Test
  void aPythonFunctionIsRefused() {
    FunctionDescriptor descriptor =
        FunctionDescriptor.newBuilder()
            .setDisplayName("job.score")
            .setPythonReference(PythonReference.getDefaultInstance())
            .build();

    assertThatThrownBy(() -> loader.load(FunctionKind.MAP, descriptor))
        .isInstanceOf(FunctionException.class)
        .hasMessageContaining("job.score is a Python function");
  }
}
