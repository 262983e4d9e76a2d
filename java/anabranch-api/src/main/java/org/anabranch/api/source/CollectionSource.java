package org.anabranch.api.source;

import java.util.ArrayList;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/**
 * Emits the values of a collection; subtask i of n emits the i-th of n contiguous slices.
 *
 * @param <T> type of the values
 */
public final class CollectionSource<T> implements SourceFunction<T> {
  private static final long serialVersionUID = 1L;

  private final ArrayList<T> values;
  private transient int next;
  private transient int end;

  public CollectionSource(ArrayList<T> values) {
    this.values = values;
  }

  @Override
  public void init(int parallelism, int index) {
    next = (int) ((long) values.size() * index / parallelism);
    end = (int) ((long) values.size() * (index + 1) / parallelism);
  }

  @Override
  public void fetch(SourceContext<T> context) throws EndOfDataException {
    if (next >= end) {
      throw new EndOfDataException();
    }
    for (int until = Math.min(next + context.wanted(), end); next < until; next++) {
      context.collect(values.get(next));
    }
  }

  @Override
  public Object saveCheckpoint() {
    return (long) next;
  }

  @Override
  public void loadCheckpoint(Object state) {
    next = Math.toIntExact((Long) state);
  }
}
