package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RowTest {
  private static final RowType ORDER = new RowType("com.acme.Order", List.of("id", "total"));

  @Test
  void aRowIsReadByName() {
    Row row = new Row(ORDER, Arrays.asList(7L, null));

    assertThat(row.name()).isEqualTo("com.acme.Order");
    assertThat(row.get("id")).isEqualTo(7L);
    assertThat(row.get("total")).isNull();
    assertThat(row.get(0)).isEqualTo(7L);
    assertThat(row.toMap()).containsExactly(Map.entry("id", 7L), entryOfNull("total"));
    assertThat(row).hasToString("com.acme.Order(id=7, total=null)");
  }

  private static Map.Entry<String, Object> entryOfNull(String key) {
    return new SimpleEntry<>(key, null);
  }

  @Test
  void aMissingFieldIsNamedWithTheOnesThereAre() {
    Row row = new Row(ORDER, List.of(7L, 1.5));

    assertThatThrownBy(() -> row.get("totl"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("com.acme.Order has no field 'totl'; it has [id, total]");
  }

  @Test
  void theOrderOfTheFieldsDoesNotCount() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("total", 1.5);
    fields.put("id", 7L);
    Row row = new Row(ORDER, List.of(7L, 1.5));

    assertThat(Row.of("com.acme.Order", fields)).isEqualTo(row).hasSameHashCodeAs(row);
    assertThat(Row.of("com.acme.Order", Map.of("id", 7L))).isNotEqualTo(row);
    assertThat(Row.of("com.acme.Other", fields)).isNotEqualTo(row);
    assertThat(new Row(ORDER, List.of(1.5, 7L))).isNotEqualTo(row);
  }

  @Test
  void aRowDoesNotChangeWithWhatItWasMadeOf() {
    List<Object> values = new ArrayList<>(List.of(7L, 1.5));
    Row row = new Row(ORDER, values);

    values.set(0, 8L);

    assertThat(row.get("id")).isEqualTo(7L);
    assertThatThrownBy(() -> row.toMap().put("id", 8L))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void thereIsOneValueForEachField() {
    assertThatThrownBy(() -> new Row(ORDER, List.of(7L)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("com.acme.Order has 2 fields, there are 1 values");
  }

  @Test
  void aTypeHasEachFieldOnce() {
    assertThatThrownBy(() -> new RowType("T", List.of("a", "a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not all different");
    assertThatThrownBy(() -> new RowType(null, List.of())).isInstanceOf(NullPointerException.class);
  }
}
