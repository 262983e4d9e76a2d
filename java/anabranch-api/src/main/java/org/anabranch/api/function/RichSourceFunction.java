package org.anabranch.api.function;

/**
 * A {@link SourceFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records
 */
public abstract class RichSourceFunction<T> extends AbstractRichFunction
    implements SourceFunction<T> {
  private static final long serialVersionUID = 1L;

  @Override
  public void close() throws Exception {}
}
