package org.anabranch.api.function;

/**
 * A {@link FilterFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records
 */
public abstract class RichFilterFunction<T> extends AbstractRichFunction
    implements FilterFunction<T> {
  private static final long serialVersionUID = 1L;
}
