package org.anabranch.api.function;

/**
 * A {@link ReduceFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records and of the result
 */
public abstract class RichReduceFunction<T> extends AbstractRichFunction
    implements ReduceFunction<T> {
  private static final long serialVersionUID = 1L;
}
