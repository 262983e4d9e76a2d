package org.anabranch.api.function;

/** Remembers the context; base of the {@code Rich…} classes. */
public abstract class AbstractRichFunction implements RichFunction {
  private static final long serialVersionUID = 1L;

  private transient RuntimeContext context;

  /** Remembers the context. A class that overrides this calls {@code super.open} first. */
  @Override
  public void open(RuntimeContext context) throws Exception {
    this.context = context;
  }

  @Override
  public void close() throws Exception {}

  /**
   * Returns where the function runs.
   *
   * @throws IllegalStateException before {@link #open}
   */
  protected final RuntimeContext getRuntimeContext() {
    if (context == null) {
      throw new IllegalStateException(
          "%s has no context before open(context); if it overrides open, call super.open(context)"
              .formatted(getClass().getName()));
    }
    return context;
  }
}
