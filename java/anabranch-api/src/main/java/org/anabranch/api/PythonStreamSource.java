package org.anabranch.api;

import org.anabranch.api.graph.Language;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;

/** A stream that comes from a Python source. */
public final class PythonStreamSource extends PythonDataStream {

  private PythonStreamSource(StreamingContext context, OperatorNode operator) {
    super(context, operator, following(OperatorKind.SOURCE));
  }

  /** Returns a stream from a Python class that is a SourceFunction. */
  public static PythonStreamSource from(StreamingContext context, PythonFunction function) {
    OperatorNode added =
        context
            .graph()
            .addOperator(
                OperatorKind.SOURCE, Language.PYTHON, context.getParallelism(), function.spec());
    return new PythonStreamSource(context, added);
  }

  /** Returns a stream from a Python class that is a SourceFunction. */
  public static PythonStreamSource from(StreamingContext context, String module, String name) {
    return from(context, PythonFunction.of(module, name));
  }
}
