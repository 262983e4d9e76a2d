package org.anabranch.runtime.records;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.Schema;

/** Reads the vectors that both languages share. */
final class Notation {
  /** The enum of the vectors. */
  enum Color {
    RED,
    GREEN
  }

  private Notation() {}

  static List<JsonObject> vectors(String file) {
    Path path = Path.of(System.getProperty("anabranch.vectors"), file);
    try {
      List<JsonObject> vectors = new ArrayList<>();
      for (JsonElement vector : JsonParser.parseString(Files.readString(path)).getAsJsonArray()) {
        vectors.add(vector.getAsJsonObject());
      }
      return vectors;
    } catch (IOException e) {
      throw new AssertionError("the shared vectors cannot be read from " + path, e);
    }
  }

  /** Returns bytes noted as hex, or as a list of hex and how often it comes. */
  static byte[] bytes(JsonElement noted) {
    if (noted.isJsonPrimitive()) {
      return hex(noted.getAsString());
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (JsonElement part : noted.getAsJsonArray()) {
      byte[] chunk = hex(part.getAsJsonArray().get(0).getAsString());
      for (int i = 0; i < part.getAsJsonArray().get(1).getAsInt(); i++) {
        bytes.writeBytes(chunk);
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }

  static List<Schema> schemas(JsonObject vector) {
    List<Schema> schemas = new ArrayList<>();
    if (vector.has("schemas")) {
      for (JsonElement element : vector.getAsJsonArray("schemas")) {
        JsonObject schema = element.getAsJsonObject();
        Schema.Builder builder =
            Schema.newBuilder()
                .setId(Long.parseUnsignedLong(schema.get("id").getAsString(), 16))
                .setName(schema.get("name").getAsString());
        schema.getAsJsonArray("fields").forEach(field -> builder.addFields(field.getAsString()));
        schemas.add(builder.build());
      }
    }
    return schemas;
  }

  /** Returns the value that is noted. */
  static Object value(JsonElement noted) {
    JsonObject object = noted.getAsJsonObject();
    JsonElement value = object.get("value");
    int times = object.has("repeat") ? object.get("repeat").getAsInt() : 1;
    return switch (object.get("type").getAsString()) {
      case "null" -> null;
      case "bool" -> value.getAsBoolean();
      case "int" -> integer(new BigInteger(value.getAsString()));
      case "float" -> Double.longBitsToDouble(Long.parseUnsignedLong(value.getAsString(), 16));
      case "str" -> value.getAsString().repeat(times);
      case "bytes" -> hex(value.getAsString().repeat(times));
      case "list" -> all(value, times);
      case "tuple" -> Tuple.fromList(all(value, times));
      case "set" -> new LinkedHashSet<>(all(value, times));
      case "frozenset" -> frozen(all(value, times));
      case "dict" -> dict(value.getAsJsonArray());
      case "date" -> localDateTime(padded(value)).toLocalDate();
      case "time" -> time(numbers(value));
      case "instant" -> localDateTime(numbers(value)).toInstant(ZoneOffset.UTC);
      case "local_datetime" -> localDateTime(numbers(value));
      case "offset_datetime" -> offsetDateTime(numbers(value));
      case "duration" ->
          Duration.ofSeconds(
              value.getAsJsonArray().get(0).getAsLong(), value.getAsJsonArray().get(1).getAsInt());
      case "decimal" -> decimal(value.getAsString());
      case "uuid" -> UUID.fromString(value.getAsString());
      case "enum" -> Color.valueOf(value.getAsJsonArray().get(1).getAsString());
      case "instance" -> instance(value.getAsJsonArray());
      case "protobuf" -> message(value.getAsJsonArray());
      default -> throw new AssertionError("unknown notation: " + noted);
    };
  }

  private static Object integer(BigInteger value) {
    if (value.bitLength() < 64) {
      return value.longValue();
    }
    return value;
  }

  private static List<Object> all(JsonElement noted, int times) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      noted.getAsJsonArray().forEach(element -> values.add(value(element)));
    }
    return values;
  }

  private static Set<Object> frozen(List<Object> values) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(values));
  }

  private static Map<Object, Object> dict(JsonArray entries) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (JsonElement entry : entries) {
      map.put(value(entry.getAsJsonArray().get(0)), value(entry.getAsJsonArray().get(1)));
    }
    return map;
  }

  private static int[] numbers(JsonElement noted) {
    int[] numbers = new int[noted.getAsJsonArray().size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = noted.getAsJsonArray().get(i).getAsInt();
    }
    return numbers;
  }

  private static int[] padded(JsonElement noted) {
    int[] date = numbers(noted);
    return new int[] {date[0], date[1], date[2], 0, 0, 0, 0};
  }

  private static LocalTime time(int[] f) {
    return LocalTime.of(f[0], f[1], f[2], f[3]);
  }

  private static LocalDateTime localDateTime(int[] f) {
    return LocalDate.of(f[0], f[1], f[2]).atTime(f[3], f[4], f[5], f[6]);
  }

  private static OffsetDateTime offsetDateTime(int[] f) {
    return OffsetDateTime.of(localDateTime(f), ZoneOffset.ofTotalSeconds(f[7]));
  }

  /** BigDecimal reads no exponent whose scale is the least integer. */
  private static BigDecimal decimal(String text) {
    int e = text.indexOf('E');
    if (e < 0) {
      return new BigDecimal(text);
    }
    BigDecimal mantissa = new BigDecimal(text.substring(0, e));
    long scale = mantissa.scale() - Long.parseLong(text.substring(e + 1).replace("+", ""));
    return new BigDecimal(mantissa.unscaledValue(), Math.toIntExact(scale));
  }

  private static Object instance(JsonArray noted) {
    Map<String, Object> fields = new LinkedHashMap<>();
    noted
        .get(1)
        .getAsJsonObject()
        .entrySet()
        .forEach(f -> fields.put(f.getKey(), value(f.getValue())));
    return Row.of(noted.get(0).getAsString(), fields);
  }

  private static Object message(JsonArray noted) {
    byte[] bytes = hex(noted.get(1).getAsString());
    try {
      return switch (noted.get(0).getAsString()) {
        case "google.protobuf.Duration" -> com.google.protobuf.Duration.parseFrom(bytes);
        case "google.protobuf.StringValue" -> com.google.protobuf.StringValue.parseFrom(bytes);
        default -> throw new AssertionError("no class for " + noted);
      };
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }
}
