package org.anabranch.runtime.text;

import java.lang.reflect.Array;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;

/** Shows a record in an error message, in at most 200 characters however large it is. */
public final class RecordText {
  private static final int MAX = 200;
  private static final int MAX_DEPTH = 8;
  private static final String MORE = "...";

  private final StringBuilder text = new StringBuilder();

  private RecordText() {}

  /** Returns what stands for the record; never fails. */
  public static String of(Object value) {
    RecordText shown = new RecordText();
    try {
      shown.append(value, 0);
    } catch (Throwable t) { // a collection of the user's own, or one that another thread changes
      return failed(value, "contents", t);
    }
    return ErrorText.sendable(
        shown.text.length() <= MAX
            ? shown.text.toString()
            : shown.text.substring(0, MAX - MORE.length()) + MORE);
  }

  private boolean full() {
    return text.length() > MAX;
  }

  private void append(Object value, int depth) {
    if (value instanceof CharSequence chars) {
      text.append('"').append(onOneLine(chars.subSequence(0, Math.min(chars.length(), MAX))));
      text.append('"');
    } else if (depth > MAX_DEPTH) {
      text.append(MORE);
    } else if (value instanceof Map<?, ?> map) {
      appendMap(map, depth);
    } else if (value instanceof Collection<?> collection) {
      appendAll(collection.iterator(), depth);
    } else if (value instanceof byte[] bytes) {
      text.append("byte[").append(bytes.length).append(']');
    } else if (value != null && value.getClass().isArray()) {
      appendArray(value, depth);
    } else {
      text.append(describe(value));
    }
  }

  private static String onOneLine(CharSequence chars) {
    return chars.toString().replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r");
  }

  private void appendAll(Iterator<?> elements, int depth) {
    text.append('[');
    for (boolean first = true; elements.hasNext() && !full(); first = false) {
      text.append(first ? "" : ", ");
      append(elements.next(), depth + 1);
    }
    text.append(']');
  }

  private void appendMap(Map<?, ?> map, int depth) {
    text.append('{');
    boolean first = true;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (full()) {
        break;
      }
      text.append(first ? "" : ", ");
      first = false;
      append(entry.getKey(), depth + 1);
      text.append('=');
      append(entry.getValue(), depth + 1);
    }
    text.append('}');
  }

  private void appendArray(Object array, int depth) {
    text.append('[');
    for (int i = 0; i < Array.getLength(array) && !full(); i++) {
      text.append(i == 0 ? "" : ", ");
      append(Array.get(array, i), depth + 1);
    }
    text.append(']');
  }

  /** A record may be anything, and so may what its toString does. */
  private static String describe(Object value) {
    try {
      return String.valueOf(value);
    } catch (Throwable t) {
      return failed(value, "toString", t);
    }
  }

  private static String failed(Object value, String what, Throwable error) {
    return "a %s whose %s fails: %s"
        .formatted(value.getClass().getName(), what, error.getClass().getName());
  }
}
