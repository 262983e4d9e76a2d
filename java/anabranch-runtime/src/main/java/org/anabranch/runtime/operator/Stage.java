package org.anabranch.runtime.operator;

import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.ValueCopier;

/**
 * One place of a chain: counts the records that its operator takes and notes which one has failed.
 */
final class Stage implements Output {
  private final OperatorChain chain;
  private final String name;
  private final RuntimeContext context;
  private final Counter taken = new Counter();
  private Operator operator;
  // What becomes of records at which the function fails; null if that ends the task.
  private Skipping skipping;
  // Copies what may be rejected; null if nobody wants copies.
  private ValueCopier copying;

  Stage(OperatorChain chain, String name, RuntimeContext context) {
    this.chain = chain;
    this.name = name;
    this.context = context;
  }

  void set(Operator placed) {
    operator = placed;
    operator.handleApart(this::handleApart);
  }

  /** Has records left out at which the function fails. */
  void skip(Skipping by, ValueCopier copier) {
    skipping = by;
    copying = by.wantsCopies() ? copier : null;
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

  /**
   * Returns what takes the records that a function emits right into this stage. It may keep and
   * change them, as may the function here, so each has its own.
   */
  Output owning(int input, ValueCopier copier) {
    return (key, value) -> emit(input, copier.copy(key), copier.copy(value));
  }

  @Override
  public void emit(Object key, Object value) {
    emit(0, key, value);
  }

  /** Handles records that come into the chain. */
  void process(int input, Batch batch) {
    if (skipping != null) {
      for (int i = 0; i < batch.size(); i++) {
        emit(input, batch.key(i), batch.value(i));
        chain.advance();
      }
      return;
    }
    long before = taken.get();
    try {
      operator.process(input, batch, this::handled);
    } catch (Throwable t) {
      // If it is no record that has failed, the chain knows already what has.
      int failed = Math.min((int) (taken.get() - before), batch.size() - 1);
      throw chain.fail(OperatorFailure.atRecord(name, taken.get(), batch.value(failed), t));
    }
  }

  private void handled() {
    taken.increment();
    chain.step();
    chain.advance();
  }

  private void emit(int input, Object key, Object value) {
    chain.checkIntact();
    Object came = copying == null ? value : copying.copy(value);
    try {
      operator.process(input, key, value);
      if (skipping != null) {
        skipping.accept();
      }
    } catch (Throwable t) {
      if (!mayLeaveOut(t)) {
        throw chain.fail(OperatorFailure.atRecord(name, taken.get(), value, t));
      }
      skipping.reject(taken.get(), came, t);
    }
    taken.increment();
    chain.step();
  }

  /** Leaves out a record that could not be made when it arrived, so that no function saw it. */
  void refuse(Object record, RecordException error) {
    chain.checkIntact();
    try {
      skipping.reject(taken.get(), record, error);
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.atRecord(name, taken.get(), record, t));
    }
    taken.increment();
    chain.step();
    chain.advance();
  }

  /** Handles a record that was taken earlier: if it fails it is left out alone, or is to blame. */
  private void handleApart(Object value, Operator.Action action) {
    try {
      action.run();
      if (skipping != null) {
        skipping.accept();
      }
    } catch (Throwable t) {
      if (!mayLeaveOut(t)) {
        throw chain.fail(OperatorFailure.atRecord(name, taken.get(), value, t));
      }
      skipping.reject(taken.get(), value, t);
    }
  }

  /**
   * A failure downstream of this operator passes through here too; the chain has taken note of it.
   */
  private boolean mayLeaveOut(Throwable error) {
    return skipping != null
        && chain.isIntact()
        && Skipping.isOfRecord(error)
        && !chain.endsTask(error);
  }

  void open() {
    try {
      operator.open(context);
      operator.start();
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  /** Opens the operator with what it has saved in an earlier life. */
  void open(OperatorState saved, OperatorStateCodec codec) {
    try {
      operator.open(context);
      codec.load(saved, operator);
      operator.start();
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  /** Commits what was pre-committed in an earlier life, of a sink that takes no more records. */
  void commitOnly(OperatorState saved, OperatorStateCodec codec) {
    try {
      operator.open(context);
      codec.load(saved, operator);
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  OperatorState.Builder save(long checkpoint, OperatorStateCodec codec) {
    try {
      return codec.save(operator, checkpoint).setRecordsIn(taken.get());
    } catch (RecordException e) {
      throw chain.fail(
          OperatorFailure.outsideOfRecords(
              name, new FunctionException("its state cannot be saved: " + e.getMessage(), e)));
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  void commit(long checkpoint) {
    try {
      operator.commit(checkpoint);
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  void finish() {
    try {
      operator.finish();
      if (skipping != null) {
        skipping.accept();
      }
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }

  void close() {
    try {
      operator.close();
      if (skipping != null) {
        skipping.accept();
        skipping.close();
      }
    } catch (Throwable t) {
      throw chain.fail(OperatorFailure.outsideOfRecords(name, t));
    }
  }
}
