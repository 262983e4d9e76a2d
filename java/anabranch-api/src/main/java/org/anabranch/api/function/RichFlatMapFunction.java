package org.anabranch.api.function;

/**
 * A {@link FlatMapFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the input
 * @param <R> type of the output
 */
public abstract class RichFlatMapFunction<T, R> extends AbstractRichFunction
    implements FlatMapFunction<T, R> {
  private static final long serialVersionUID = 1L;
}
