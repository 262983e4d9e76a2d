package org.anabranch.api.function;

/**
 * A {@link MapFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the input
 * @param <R> type of the output
 */
public abstract class RichMapFunction<T, R> extends AbstractRichFunction
    implements MapFunction<T, R> {
  private static final long serialVersionUID = 1L;
}
