package org.anabranch.runtime.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.KeyGroupState;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.Keys;
import org.anabranch.runtime.records.TypeRegistry;
import org.junit.jupiter.api.Test;

class KeyedStateCodecTest {
  private static final TypeRegistry TYPES =
      new TypeRegistry(KeyedStateCodecTest.class.getClassLoader(), List.of());

  private final Encoder keyEncoder = new Encoder(Language.LANGUAGE_PYTHON, TYPES);

  private KeyedState<Object> state() {
    return KeyedState.ofRecords("reduce", keyEncoder);
  }

  private KeyedStateCodec codec(int maxParallelism) {
    return new KeyedStateCodec(new StateCodec(TYPES), keyEncoder, maxParallelism);
  }

  private static Map<Object, Object> entries(KeyedState<Object> state) {
    Map<Object, Object> entries = new HashMap<>();
    state.forEach(entries::put);
    return entries;
  }

  @Provide
  Arbitrary<Map<Object, Long>> values() {
    Arbitrary<Object> keys =
        Arbitraries.oneOf(
            Arbitraries.longs().map(Function.identity()),
            Arbitraries.strings().ofMaxLength(3).map(Function.identity()),
            Arbitraries.doubles().map(Function.identity()),
            Arbitraries.bigIntegers().map(Function.identity()),
            Arbitraries.integers().map(n -> Tuple.of("key", n)),
            Arbitraries.of(true, false).map(Function.identity()));
    return Arbitraries.maps(keys, Arbitraries.longs().injectNull(0.1)).ofMaxSize(50);
  }

  @Property
  void whatWasSavedByKeyGroupComesBackWhole(
      @ForAll("values") Map<Object, Long> values, @ForAll @IntRange(min = 1, max = 300) int most) {
    KeyedState<Object> before = state();
    values.forEach(before::put);
    KeyedState<Object> after = state();
    codec(most).decode(codec(most).encode(before), after, Payloads.IN_MESSAGE);

    assertThat(entries(after)).isEqualTo(entries(before));
    values.forEach((key, value) -> assertThat(after.get(key)).isEqualTo(before.get(key)));
  }

  @Property
  void eachKeyIsInTheGroupThatPartitioningSendsItTo(
      @ForAll("values") Map<Object, Long> values, @ForAll @IntRange(min = 1, max = 300) int most) {
    KeyedState<Object> state = state();
    values.forEach(state::put);

    List<KeyGroupState> groups = codec(most).encode(state).getGroupsList();

    assertThat(groups.stream().map(KeyGroupState::getKeyGroup))
        .containsExactlyElementsOf(
            new TreeSet<>(
                values.keySet().stream()
                    .map(key -> Keys.keyGroup(Keys.encodeKey(key), most))
                    .collect(Collectors.toSet())));
    for (KeyGroupState group : groups) {
      KeyedState<Object> alone = state();
      codec(most).decode(one(group), alone, Payloads.IN_MESSAGE);
      assertThat(entries(alone)).isNotEmpty();
      values.keySet().stream()
          .filter(key -> Keys.keyGroup(Keys.encodeKey(key), most) == group.getKeyGroup())
          .map(alone::keyOf)
          .forEach(key -> assertThat(entries(alone)).containsKey(key));
    }
  }

  private static org.anabranch.proto.v1.KeyedState one(KeyGroupState group) {
    return org.anabranch.proto.v1.KeyedState.newBuilder().addGroups(group).build();
  }

  @Test
  void aSnapshotHasStringsAndIntegersThemselvesAndTheEncodingOfOtherKeys() {
    KeyedState<Object> state = state();
    state.put("text", 1L);
    state.put((short) 7, 2L);
    state.put(true, 3L);

    var encoded = codec(1).encode(state);

    assertThat(encoded.getName()).isEqualTo("reduce");
    assertThat(new StateCodec(TYPES).decode(encoded.getGroups(0).getEntries()))
        .hasSize(6)
        .contains("text", 7L, Keys.encodeKey(true));
  }

  @Test
  void aKeyThatIsForgottenIsNotSaved() {
    KeyedState<Object> state = state();
    state.put("text", 1L);
    state.remove("text");

    assertThat(state.get("text", "none")).isEqualTo("none");
    assertThat(codec(8).encode(state).getGroupsList()).isEmpty();
  }
}
