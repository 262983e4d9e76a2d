package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.anabranch.api.Row;
import org.anabranch.proto.v1.Schema;
import org.anabranch.proto.v1.TypeBinding;
import org.anabranch.runtime.records.samples.Address;
import org.anabranch.runtime.records.samples.Employee;
import org.anabranch.runtime.records.samples.Level;
import org.anabranch.runtime.records.samples.Person;
import org.anabranch.runtime.records.samples.Point;
import org.anabranch.runtime.records.samples.Positive;
import org.anabranch.runtime.records.samples.Shadow;
import org.anabranch.runtime.records.samples.Typed;
import org.junit.jupiter.api.Test;

/** Records, plain classes, rows and enums. */
class InstancesTest {
  private static final String SAMPLES = "org.anabranch.runtime.records.samples.";

  private static Object fromPython(String name, Map<String, ?> fields) {
    return Codec.throughPython(Row.of(name, fields));
  }

  private static RecordException refusal(String name, Map<String, ?> fields) {
    try {
      Object value = fromPython(name, fields);
      throw new AssertionError("not refused: " + value);
    } catch (RecordException e) {
      return e;
    }
  }

  @Test
  void aRecordStaysThatRecord() {
    Point point = new Point(7, 0.5);

    assertThat(Codec.throughPython(point)).isEqualTo(point);
    assertThat(Codec.throughJava(point)).isEqualTo(point);
  }

  @Test
  void aClassIsMadeWithoutAnyOfItsConstructors() {
    Person person = new Person("Ada", 36, new Address("St James's Square", List.of("12")));

    Person copy = (Person) Codec.throughPython(person);

    assertThat(copy).isEqualTo(person);
    assertThat(copy.visits).as("a transient field").isZero();
  }

  @Test
  void inheritedFieldsTravelToo() {
    Employee employee = new Employee("Grace", 85, null, 1906);

    assertThat(Codec.throughPython(employee)).isEqualTo(employee);
  }

  @Test
  void theSchemaListsTheFieldsInTheirOrderWhateverTheDeclarationSays() {
    EncodedBatch batch =
        new Encoder(LANGUAGE_PYTHON, Codec.TYPES)
            .encode(List.of(new Person("Ada", 36, null), new Person("Bob", 1, null)));

    assertThat(batch.schemas()).extracting(Schema::getName).containsExactly(SAMPLES + "Person");
    assertThat(batch.schemas().get(0).getFieldsList()).containsExactly("address", "age", "name");
  }

  @Test
  void twoFieldsOfOneNameAreRefused() {
    assertThatThrownBy(() -> Codec.throughPython(new Shadow()))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("two fields of the name age")
        .hasMessageContaining(SAMPLES + "Person");
  }

  @Test
  void otherFieldsAreRefusedByName() {
    RecordException refusal = refusal(SAMPLES + "Point", Map.of("x", 1, "z", 2));

    assertThat(refusal)
        .hasMessageContaining("only the sender has [z]")
        .hasMessageContaining("only the class " + SAMPLES + "Point has [y]");
  }

  @Test
  void theConstructorOfARecordMayRefuse() {
    assertThat(refusal(SAMPLES + "Positive", Map.of("value", -1L)))
        .hasMessageContaining("not positive: -1")
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
    assertThat(Codec.throughJava(new Positive(1))).isEqualTo(new Positive(1));
  }

  @Test
  void whatArrivesFitsTheTypeOfTheField() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("tiny", -128L);
    fields.put("small", 32767L);
    fields.put("number", -5L);
    fields.put("wide", Long.MIN_VALUE);
    fields.put("real", 0.1);
    fields.put("precise", 3L);
    fields.put("big", 4L);
    fields.put("time", Instant.EPOCH);
    fields.put("list", List.of("a"));
    fields.put("map", Map.of("k", 1L));

    assertThat(fromPython(SAMPLES + "Typed", fields))
        .isEqualTo(
            new Typed(
                (byte) -128,
                (short) 32767,
                -5,
                Long.MIN_VALUE,
                0.1f,
                3.0,
                BigInteger.valueOf(4),
                OffsetDateTime.parse("1970-01-01T00:00Z"),
                new LinkedList<>(List.of("a")),
                new TreeMap<>(Map.of("k", 1L))));
  }

  @Test
  void anIntegerTooLargeForItsFieldIsRefused() {
    assertThat(refusal(SAMPLES + "Point", Map.of("x", 1L << 31, "y", 0.0)))
        .hasMessage("the field is int and cannot hold the integer 2147483648, at .x");
    assertThat(refusal(SAMPLES + "Point", Map.of("x", BigInteger.ONE.shiftLeft(80), "y", 0.0)))
        .hasMessageContaining("cannot hold an integer of 82 bits");
    assertThat(refusal(SAMPLES + "Point", Map.of("x", 0, "y", (1L << 53) + 1)))
        .hasMessageContaining("the field is double and cannot hold the integer");
  }

  @Test
  void aValueOfAnotherTypeIsRefusedWithItsPath() {
    RecordException refusal = refusal(SAMPLES + "Point", Map.of("x", "seven", "y", 0.0));

    assertThat(refusal).hasMessageContaining("the field is int and cannot hold a java.lang.String");
    assertThat(refusal.path()).isEqualTo(".x");
    assertThat(refusal.index()).isZero();
  }

  @Test
  void nullIsRefusedForAPrimitiveField() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("x", null);
    fields.put("y", 0.0);

    assertThat(refusal(SAMPLES + "Point", fields)).hasMessageContaining("int and cannot be null");
  }

  @Test
  void withoutAClassItIsARowAndGoesOutAsWhatItWas() {
    Row row = Row.of("shop.models.Order", Map.of("id", 7L, "lines", List.of("a", "b")));
    byte[] bytes = Codec.bytes(LANGUAGE_PYTHON, row);

    Object read = Codec.throughPython(row);

    assertThat(read).isEqualTo(row);
    assertThat(Codec.bytes(LANGUAGE_PYTHON, read)).isEqualTo(bytes);
  }

  @Test
  void aNameOfTheJdkMeansNoClassOfTheUsers() {
    assertThat(fromPython("java.util.HashMap", Map.of("table", 1L))).isInstanceOf(Row.class);
  }

  @Test
  void aRegisteredNameStandsForItsClass() {
    TypeRegistry types =
        new TypeRegistry(
            getClass().getClassLoader(), List.of(Codec.binding("geo.Point", Point.class)));

    Object read =
        Codec.through(
            LANGUAGE_PYTHON, Codec.TYPES, types, Row.of("geo.Point", Map.of("x", 1, "y", 2.0)));
    EncodedBatch batch = new Encoder(LANGUAGE_PYTHON, types).encode(List.of(read));

    assertThat(read).isEqualTo(new Point(1, 2.0));
    assertThat(batch.schemas()).extracting(Schema::getName).containsExactly("geo.Point");
  }

  @Test
  void aNameOfSomethingElseIsRefused() {
    assertThat(refusal(SAMPLES + "Level", Map.of("weight", 1L)))
        .hasMessageContaining(SAMPLES + "Level is abstract");
    assertThat(refusal("org.anabranch.api.function.MapFunction", Map.of()))
        .hasMessageContaining("is abstract");
  }

  @Test
  void aSchemaWithAnIdThatIsNotItsOwnIsRefused() {
    EncodedBatch batch = new Encoder(LANGUAGE_PYTHON, Codec.TYPES).encode(List.of(new Point(1, 2)));
    Schema forged = batch.schemas().get(0).toBuilder().setName("some.Thing").build();
    TypeRegistry fresh = new TypeRegistry(getClass().getClassLoader(), List.of());

    assertThatThrownBy(
            () ->
                new Decoder(LANGUAGE_PYTHON, fresh).decode(Codec.bytes(batch), 1, List.of(forged)))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("some.Thing")
        .hasMessageContaining("not its own");
  }

  @Test
  void constantsWithABodyAreConstantsOfTheirEnum() {
    assertThat(Codec.throughPython(List.of(Level.LOW, Level.HIGH)))
        .isEqualTo(Arrays.asList(Level.values()));
  }

  @Test
  void anUnknownConstantIsRefusedWithTheOnesThereAre() {
    TypeRegistry sender =
        new TypeRegistry(
            getClass().getClassLoader(),
            List.of(Codec.binding(Level.class.getName(), Notation.Color.class)));

    assertThatThrownBy(
            () -> Codec.through(LANGUAGE_PYTHON, sender, Codec.TYPES, Notation.Color.RED))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("no constant RED here; it has [LOW, HIGH]");
  }

  @Test
  void aBindingToAMissingClassIsAnErrorAtOnce() {
    assertThatThrownBy(
            () ->
                new TypeRegistry(
                    getClass().getClassLoader(),
                    List.of(
                        Codec.binding("geo.Point", Point.class).toBuilder()
                            .setJavaClass("com.acme.Pont")
                            .build())))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("geo.Point")
        .hasMessageContaining("com.acme.Pont");
  }

  @Test
  void aNameHasOneClassAndAClassHasOneName() {
    ClassLoader loader = getClass().getClassLoader();
    List<TypeBinding> twoClasses =
        List.of(Codec.binding("a.B", Point.class), Codec.binding("a.B", Person.class));
    List<TypeBinding> twoNames =
        List.of(Codec.binding("a.B", Point.class), Codec.binding("a.C", Point.class));

    assertThatThrownBy(() -> new TypeRegistry(loader, twoClasses))
        .hasMessageContaining("two Java classes");
    assertThatThrownBy(() -> new TypeRegistry(loader, twoNames)).hasMessageContaining("two names");
  }
}
