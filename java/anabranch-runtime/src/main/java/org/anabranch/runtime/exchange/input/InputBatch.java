package org.anabranch.runtime.exchange.input;

import java.util.Arrays;

/**
 * The records of one frame.
 *
 * @param edge index of the input edge, in the order of the task's descriptor
 * @param channel id of the channel that they have come on
 * @param first how many records went before the first of them on the channel
 * @param records the decoded keys, if {@code hasKeys}, then the decoded values
 * @param size number of records
 * @param hasKeys whether keys stand in front of the values
 */
public record InputBatch(
    int edge, int channel, long first, Object[] records, int size, boolean hasKeys) {

  /** Returns the key of a record, null where frames carry none. */
  public Object key(int i) {
    return hasKeys ? records[i] : null;
  }

  /** Returns the records from one index up to another. */
  InputBatch slice(int from, int to) {
    if (from == 0 && to == size) {
      return this;
    }
    Object[] values =
        Arrays.copyOfRange(records, hasKeys ? size + from : from, hasKeys ? size + to : to);
    if (!hasKeys) {
      return new InputBatch(edge, channel, first + from, values, to - from, false);
    }
    Object[] both = Arrays.copyOfRange(records, from, from + 2 * (to - from));
    System.arraycopy(values, 0, both, to - from, to - from);
    return new InputBatch(edge, channel, first + from, both, to - from, true);
  }

  /** Returns a record. */
  public Object value(int i) {
    return records[hasKeys ? size + i : i];
  }
}
