package org.anabranch.api;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.api.graph.FunctionSpec;
import org.anabranch.api.graph.Language;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.SourcePosition;
import org.anabranch.api.source.CollectionSource;
import org.anabranch.api.source.TextFileSource;

/**
 * A stream that comes from a source.
 *
 * @param <T> type of the records
 */
public final class DataStreamSource<T> extends DataStream<T> {

  private DataStreamSource(StreamingContext context, OperatorNode operator) {
    super(context, operator, following(OperatorKind.SOURCE));
  }

  /** Returns a stream from a source function. */
  public static <T> DataStreamSource<T> fromSource(
      StreamingContext context, SourceFunction<T> function) {
    FunctionSpec spec = FunctionSpec.JavaObject.of(function);
    OperatorNode added =
        context
            .graph()
            .addOperator(OperatorKind.SOURCE, Language.JAVA, context.getParallelism(), spec);
    added.savingFunction(SourcePosition.isSavedBy(function));
    if (!added.hasSavingFunction()) {
      context.addSourceWithoutPosition(added);
    }
    return new DataStreamSource<>(context, added);
  }

  /**
   * Returns a bounded stream of values, which must be serializable; each subtask emits its own
   * share, in order.
   */
  public static <T> DataStreamSource<T> fromCollection(
      StreamingContext context, Collection<T> values) {
    return fromSource(context, new CollectionSource<>(new ArrayList<>(values)));
  }

  /**
   * Returns a bounded stream of the lines of a UTF-8 file, without their line ends. The subtasks
   * read byte ranges; each line comes once, those of one subtask in order.
   *
   * @throws JobGraphException if there is no such file here
   */
  public static DataStreamSource<String> readTextFile(StreamingContext context, String filename) {
    Path path = Path.of(filename).toAbsolutePath().normalize();
    if (!Files.isRegularFile(path)) {
      throw new JobGraphException("there is no file '%s' (looked at %s)".formatted(filename, path));
    }
    return fromSource(context, new TextFileSource(path.toString()));
  }
}
