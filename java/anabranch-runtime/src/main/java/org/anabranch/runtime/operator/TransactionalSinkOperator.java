package org.anabranch.runtime.operator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.anabranch.api.function.TransactionalSinkFunction;

/**
 * sink with transactions: one for each checkpoint, committed once the checkpoint is complete.
 *
 * <p>Saved are the transactions that are not committed yet: number of the checkpoint, handle, and
 * so on. In a state that comes back they are part of a complete checkpoint, whatever their number.
 */
final class TransactionalSinkOperator extends FunctionOperator<TransactionalSinkFunction<Object>> {
  private final boolean checkpoints;
  private final TreeMap<Long, Object> uncommitted = new TreeMap<>();

  /**
   * Creates an operator.
   *
   * @param checkpoints false in a job without checkpoints, where the end commits
   */
  TransactionalSinkOperator(TransactionalSinkFunction<Object> function, boolean checkpoints) {
    super(function, (key, value) -> {});
    this.checkpoints = checkpoints;
  }

  @Override
  public void start() throws Exception {
    function.beginTransaction();
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    function.sink(value);
  }

  @Override
  public void finish() throws Exception {
    if (!checkpoints) {
      preCommit(END);
      commit(END);
    }
  }

  @Override
  public List<Object> save(long checkpoint) throws Exception {
    preCommit(checkpoint);
    if (checkpoint != END) {
      function.beginTransaction();
    }
    List<Object> saved = new ArrayList<>();
    uncommitted.forEach(
        (number, handle) -> {
          saved.add(number);
          saved.add(handle);
        });
    return saved;
  }

  private void preCommit(long checkpoint) throws Exception {
    Object handle = function.preCommit(checkpoint);
    if (handle != null) {
      uncommitted.put(checkpoint, handle);
    }
  }

  @Override
  public void load(List<Object> saved) throws Exception {
    for (int i = 0; i < saved.size(); i += 2) {
      function.commit(saved.get(i + 1));
    }
  }

  @Override
  public void commit(long checkpoint) throws Exception {
    Map<Long, Object> due = uncommitted.headMap(checkpoint, true);
    for (Object handle : due.values()) {
      function.commit(handle);
    }
    due.clear();
  }

  @Override
  public boolean needsCommit() {
    return true;
  }
}
