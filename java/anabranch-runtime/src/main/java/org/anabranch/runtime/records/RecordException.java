package org.anabranch.runtime.records;

/**
 * A value cannot be encoded, or bytes cannot be decoded.
 *
 * <p>The message says what is wrong, with which type, and where inside the record.
 */
public final class RecordException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private int index;
  private String path;

  /**
   * Makes an exception.
   *
   * @param message what is wrong
   * @param index position in the batch, or -1 where it is not known
   * @param path where inside the record, such as {@code [2].lines['x']}; empty for the record
   *     itself
   */
  public RecordException(String message, int index, String path) {
    super(message);
    this.index = index;
    this.path = path;
  }

  RecordException(String message) {
    this(message, -1, "");
  }

  RecordException(String message, Throwable cause) {
    this(message);
    initCause(cause);
  }

  /** Returns the message, and where inside the record unless it is the record itself. */
  @Override
  public String getMessage() {
    return path.isEmpty() ? super.getMessage() : super.getMessage() + ", at " + path;
  }

  /**
   * Returns the position in the batch, from 0, or -1 where it is not known. In a batch with keys
   * the keys count first: the value of record i of n has the position n + i.
   */
  public int index() {
    return index;
  }

  /** Returns where inside the record, such as {@code [2].lines['x']}; empty for the record. */
  public String path() {
    return path;
  }

  // The path grows from the inside out, while the exception leaves one container after another:
  // that way it costs nothing as long as nothing is wrong.

  RecordException at(int index) {
    this.index = index;
    return this;
  }

  RecordException inElement(int element) {
    path = "[" + element + "]" + path;
    return this;
  }

  RecordException inField(String field) {
    path = "." + field + path;
    return this;
  }

  RecordException inValueOf(Object key) {
    path = "[" + shortened(key) + "]" + path;
    return this;
  }

  RecordException inKey(Object key) {
    path = ".key(" + shortened(key) + ")" + path;
    return this;
  }

  RecordException inElementOfSet(Object element) {
    path = ".element(" + shortened(element) + ")" + path;
    return this;
  }

  /** A part that has not become a value has no other name than its number. */
  RecordException inUnread(String part, int index) {
    path = "." + part + "[" + index + "]" + path;
    return this;
  }

  private static String shortened(Object key) {
    String text;
    try {
      text = String.valueOf(key);
    } catch (RuntimeException e) {
      // A user's toString; the path must not hide the first error.
      text = key.getClass().getName();
    }
    if (text.length() > 40) {
      text = text.substring(0, 39) + "…";
    }
    return key instanceof String ? "'" + text + "'" : text;
  }
}
