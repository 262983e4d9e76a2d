package org.anabranch.api.function;

/**
 * Where a source emits its records.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface SourceContext<T> extends Collector<T> {}
