package com.acme;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.anabranch.api.tuple.Tuple2;

/** The records that cross, and what is checked of them; the same as in shapes.py. */
final class Shapes {
  private static final byte[] PADDING = new byte[1024];

  static {
    for (int i = 0; i < PADDING.length; i++) {
      PADDING[i] = (byte) i;
    }
  }

  private Shapes() {}

  static Object make(String shape, long i) {
    return switch (shape) {
      case "pair" -> new Tuple2<>("record-" + i, i);
      case "dict" -> {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", i);
        fields.put("name", "name-" + i);
        fields.put("price", i * 0.25);
        fields.put("active", i % 2 == 0);
        fields.put("city", "Lisboa");
        fields.put("quantity", i % 100);
        yield fields;
      }
      case "item" -> new Item(i, "name-" + i, i * 0.25, i % 2 == 0, "Lisboa", i % 100);
      case "bytes" -> {
        byte[] bytes = PADDING.clone();
        ByteBuffer.wrap(bytes).putLong(i);
        yield bytes;
      }
      default -> throw new IllegalArgumentException(shape);
    };
  }

  static long value(String shape, Object value) {
    return switch (shape) {
      case "pair" -> {
        Tuple2<?, ?> pair = (Tuple2<?, ?>) value;
        yield ((String) pair.f0()).length() + (Long) pair.f1();
      }
      case "dict" -> {
        Map<?, ?> fields = (Map<?, ?>) value;
        yield (Long) fields.get("id")
            + ((String) fields.get("name")).length()
            + (Long) fields.get("quantity");
      }
      case "item" -> {
        Item item = (Item) value;
        yield item.id() + item.name().length() + item.quantity();
      }
      case "bytes" -> {
        byte[] bytes = (byte[]) value;
        yield ByteBuffer.wrap(bytes).getLong() + bytes.length;
      }
      default -> throw new IllegalArgumentException(shape);
    };
  }
}
