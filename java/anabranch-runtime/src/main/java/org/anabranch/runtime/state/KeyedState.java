package org.anabranch.runtime.state;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.anabranch.runtime.records.Encoder;

/**
 * A state of an operator: one value for each key, which may be null.
 *
 * <p>Two keys are the same exactly if their canonical encodings are. Kept on the heap, of which
 * only this class knows. Belongs to one thread.
 *
 * @param <V> type of the values
 */
public final class KeyedState<V> {

  /**
   * How a value looks in a snapshot.
   *
   * @param <V> type of the values
   */
  public interface Form<V> {

    /** Returns what is saved for a value; it could be a record. */
    Object save(V value);

    /**
     * Returns the value that was saved.
     *
     * @param key the value's, as {@link #keyOf} returns it
     */
    V load(Object key, Object saved);
  }

  private static final Form<Object> AS_IT_IS =
      new Form<>() {
        @Override
        public Object save(Object value) {
          return value;
        }

        @Override
        public Object load(Object key, Object saved) {
          return saved;
        }
      };

  private final String name;
  private final StateKeys keys;
  private final Form<V> form;
  private final Map<Object, V> values = new HashMap<>();

  /**
   * Creates a state without values.
   *
   * @param name what snapshots call it; unique in its operator
   * @param keyEncoder encodes keys that have to be compared by their encoding
   */
  public KeyedState(String name, Encoder keyEncoder, Form<V> form) {
    this.name = name;
    this.keys = new StateKeys(keyEncoder);
    this.form = form;
  }

  /** Creates a state whose values could be records, and are saved as they are. */
  public static KeyedState<Object> ofRecords(String name, Encoder keyEncoder) {
    return new KeyedState<>(name, keyEncoder, AS_IT_IS);
  }

  /** Returns what snapshots call the state. */
  public String name() {
    return name;
  }

  /**
   * Returns a key that is the same as this one, quick to use more than once, and does not change
   * with it.
   */
  public Object keyOf(Object key) {
    return keys.of(key);
  }

  /** Returns the value of a key, or null. */
  public V get(Object key) {
    return values.get(keys.of(key));
  }

  /** Returns the value of a key, or {@code ifAbsent} if it has none. */
  public V get(Object key, V ifAbsent) {
    return values.getOrDefault(keys.of(key), ifAbsent);
  }

  /** Sets the value of a key. */
  public void put(Object key, V value) {
    values.put(keys.of(key), value);
  }

  /** Forgets the value of a key. */
  public void remove(Object key) {
    values.remove(keys.of(key));
  }

  /** Hands out every key, as {@link #keyOf} returns it, with its value; in no order. */
  public void forEach(BiConsumer<Object, V> action) {
    values.forEach(action);
  }

  /** Returns what is saved for a value. */
  Object saved(V value) {
    return form.save(value);
  }

  /** Takes back a key and the value that was saved with it. */
  void load(Object key, Object saved) {
    values.put(key, form.load(key, saved));
  }
}
