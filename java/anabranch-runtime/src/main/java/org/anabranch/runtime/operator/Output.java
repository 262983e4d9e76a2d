package org.anabranch.runtime.operator;

/** Where an operator's results go: the next operator of the chain, or the task's output. */
@FunctionalInterface
public interface Output {

  /**
   * Takes one record. Returns when everything downstream in the chain has handled it; may block on
   * back-pressure.
   *
   * @param key the record's key after a key_by, else null
   * @param value the record
   * @throws OperatorFailure if anything downstream has failed
   */
  void emit(Object key, Object value);
}
