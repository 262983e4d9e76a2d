package org.anabranch.runtime.exchange;

/**
 * The records of one frame.
 *
 * @param edge index of the input edge, in the order of the task's descriptor
 * @param records the decoded keys, if {@code hasKeys}, then the decoded values
 * @param size number of records
 * @param hasKeys whether keys stand in front of the values
 */
public record InputBatch(int edge, Object[] records, int size, boolean hasKeys) {

  /** Returns the key of a record, null where frames carry none. */
  public Object key(int i) {
    return hasKeys ? records[i] : null;
  }

  /** Returns a record. */
  public Object value(int i) {
    return records[hasKeys ? size + i : i];
  }
}
