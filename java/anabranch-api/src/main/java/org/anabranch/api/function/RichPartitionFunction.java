package org.anabranch.api.function;

/**
 * A {@link PartitionFunction} with {@code open}, {@code close} and the context.
 *
 * @param <T> type of the records
 */
public abstract class RichPartitionFunction<T> extends AbstractRichFunction
    implements PartitionFunction<T> {
  private static final long serialVersionUID = 1L;
}
