package org.anabranch.runtime.operator;

import org.anabranch.runtime.records.Batch;

/** Where the records of one input edge come into a chain. */
@FunctionalInterface
interface ChainEntry {

  /**
   * Handles records, in their order; may block on backpressure.
   *
   * @throws OperatorFailure if an operator or the output has failed, or the task is to stop
   */
  void process(Batch batch);
}
