package org.anabranch.api.function;

/**
 * A {@link KeyFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records
 * @param <K> type of the key
 */
public abstract class RichKeyFunction<T, K> extends AbstractRichFunction
    implements KeyFunction<T, K> {
  private static final long serialVersionUID = 1L;
}
