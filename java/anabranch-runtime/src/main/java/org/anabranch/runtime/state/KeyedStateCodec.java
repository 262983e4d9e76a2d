package org.anabranch.runtime.state;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.anabranch.proto.v1.KeyGroupState;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.Keys;
import org.anabranch.runtime.records.RecordException;

/**
 * Encodes states by key, one key group after the other: those of a group move together when the
 * parallelism of a job changes. Belongs to one thread.
 */
public final class KeyedStateCodec {
  private final StateCodec codec;
  private final Encoder keyEncoder;
  private final int maxParallelism;

  /**
   * Creates a codec.
   *
   * @param codec for keys and values
   * @param keyEncoder that of keys on their way to their task
   * @param maxParallelism number of key groups of the job
   */
  public KeyedStateCodec(StateCodec codec, Encoder keyEncoder, int maxParallelism) {
    this.codec = codec;
    this.keyEncoder = keyEncoder;
    this.maxParallelism = maxParallelism;
  }

  /**
   * Encodes a state.
   *
   * @throws RecordException if a value cannot be encoded
   */
  public <V> org.anabranch.proto.v1.KeyedState encode(KeyedState<V> state) {
    Map<Integer, List<Object>> groups = new TreeMap<>();
    state.forEach(
        (key, value) -> {
          int group = Keys.keyGroup(StateKeys.encoded(key, keyEncoder), maxParallelism);
          List<Object> entries = groups.computeIfAbsent(group, unused -> new ArrayList<>());
          entries.add(StateKeys.saved(key));
          entries.add(state.saved(value));
        });
    var encoded = org.anabranch.proto.v1.KeyedState.newBuilder().setName(state.name());
    groups.forEach(
        (group, entries) ->
            encoded.addGroups(
                KeyGroupState.newBuilder().setKeyGroup(group).setEntries(codec.encode(entries))));
    return encoded.build();
  }

  /**
   * Adds to a state what was encoded.
   *
   * @param payloads where its bytes are
   * @throws RecordException if the class of a value has changed
   */
  public void decode(
      org.anabranch.proto.v1.KeyedState encoded, KeyedState<?> into, Payloads payloads) {
    for (KeyGroupState group : encoded.getGroupsList()) {
      List<Object> entries = codec.decode(group.getEntries(), payloads);
      for (int i = 0; i < entries.size(); i += 2) {
        into.load(StateKeys.loaded(entries.get(i)), entries.get(i + 1));
      }
    }
  }
}
