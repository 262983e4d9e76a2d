package org.anabranch.api.function;

/**
 * A {@link SinkFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records
 */
public abstract class RichSinkFunction<T> extends AbstractRichFunction implements SinkFunction<T> {
  private static final long serialVersionUID = 1L;
}
