package org.anabranch.runtime.operator;

import java.util.List;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.RefusedValue;
import org.anabranch.runtime.text.RecordText;

/**
 * Stands in front of a chain whose first function is skipped where it fails: records that could not
 * be made when they arrived are left out there in the same way.
 *
 * @param next takes the other records
 * @param stages the first stages, up to the one that leaves records out
 */
record RefusedRecords(ChainEntry next, List<Stage> stages) implements ChainEntry {

  @Override
  public void process(Batch batch) {
    int from = 0;
    for (int i = 0; i < batch.size(); i++) {
      if (batch.value(i) instanceof RefusedValue || batch.key(i) instanceof RefusedValue) {
        pass(batch, from, i);
        refuse(batch.key(i), batch.value(i));
        from = i + 1;
      }
    }
    pass(batch, from, batch.size());
  }

  private void pass(Batch batch, int from, int to) {
    if (from < to) {
      next.process(batch.slice(from, to));
    }
  }

  private void refuse(Object key, Object value) {
    if (value instanceof RefusedValue refused) {
      refuse(refused.plain(), refused.error());
    } else {
      refuse(value, ofKey((RefusedValue) key));
    }
  }

  private void refuse(Object record, RecordException error) {
    int last = stages.size() - 1;
    for (Stage before : stages.subList(0, last)) {
      before.taken().increment();
    }
    stages.get(last).refuse(record, error);
  }

  private static RecordException ofKey(RefusedValue key) {
    String problem =
        "its key, %s, cannot be taken: %s"
            .formatted(RecordText.of(key.plain()), key.error().getMessage());
    RecordException error = new RecordException(problem, key.error().index(), "");
    error.initCause(key.error().getCause());
    return error;
  }
}
