package org.anabranch.runtime.operator;

import org.anabranch.api.function.RuntimeContext;

/**
 * One place of a chain: counts the records that its operator takes and notes which one has failed.
 */
final class Stage implements Output {
  private final OperatorChain chain;
  private final String name;
  private final RuntimeContext context;
  private final Counter taken = new Counter();
  private Operator operator;

  Stage(OperatorChain chain, String name, RuntimeContext context) {
    this.chain = chain;
    this.name = name;
    this.context = context;
  }

  void set(Operator placed) {
    operator = placed;
  }

  Operator operator() {
    return operator;
  }

  String name() {
    return name;
  }

  Counter taken() {
    return taken;
  }

  /** Returns what takes the records of one input. */
  Output input(int index) {
    return index == 0 ? this : (key, value) -> emit(index, key, value);
  }

  @Override
  public void emit(Object key, Object value) {
    emit(0, key, value);
  }

  private void emit(int input, Object key, Object value) {
    chain.checkIntact();
    try {
      operator.process(input, key, value);
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.atRecord(name, taken.get(), value, t));
    }
    taken.increment();
  }

  void open() {
    try {
      operator.open(context);
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  void finish() {
    try {
      operator.finish();
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  void close() {
    try {
      operator.close();
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }
}
