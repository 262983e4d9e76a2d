package org.anabranch.api.function;

/** What a {@link ProcessFunction} may use while it handles one record. */
public interface ProcessContext {

  /**
   * Returns the key of the record.
   *
   * @throws IllegalStateException if the stream has no key
   */
  Object getKey();

  /**
   * Returns what was last kept for this key, or null.
   *
   * @throws IllegalStateException if the stream has no key
   */
  Object getState();

  /**
   * Keeps a value for this key; null forgets it.
   *
   * @throws IllegalStateException if the stream has no key
   */
  void setState(Object value);
}
