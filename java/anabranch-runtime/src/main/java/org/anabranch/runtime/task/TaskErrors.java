package org.anabranch.runtime.task;

import java.io.IOException;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.runtime.checkpoint.CheckpointException;
import org.anabranch.runtime.exchange.input.UnreadableRecordException;
import org.anabranch.runtime.exchange.output.PartitionException;
import org.anabranch.runtime.exchange.output.UnsendableRecordException;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Shortage;
import org.anabranch.runtime.operator.FunctionException;
import org.anabranch.runtime.operator.OperatorFailure;
import org.anabranch.runtime.process.OpenFiles;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.replay.NondeterminismException;
import org.anabranch.runtime.replay.RecoveryException;
import org.anabranch.runtime.text.ErrorText;
import org.anabranch.runtime.text.RecordText;
import org.anabranch.runtime.text.StackTraces;

/** Creates the report about a failed task: what a user can act on first. */
final class TaskErrors {
  private static final int MOST_CAUSES = 100; // a chain of causes may be a circle

  private static final Pattern CAST =
      Pattern.compile("class (\\S+) cannot be cast to class (\\S+)|Cannot cast (\\S+) to (\\S+)");
  private static final Set<String> SMALL_INTEGERS =
      Set.of("java.lang.Integer", "java.lang.Short", "java.lang.Byte");

  private TaskErrors() {}

  /** Never fails itself: for want of memory the report gets short. */
  static TaskError of(Throwable failure, TaskDescriptor task) {
    try {
      return build(failure, task);
    } catch (Throwable t) {
      Throwable cause = failure instanceof OperatorFailure at ? at.getCause() : failure;
      return TaskError.newBuilder()
          .setLanguage(Language.LANGUAGE_JAVA)
          .setSubtask(task.getSubtask())
          .setOperator(task.getChain(0).getName())
          .setRecordPosition(-1)
          .setSummary(cause.getClass().getName())
          .setUserTrace("")
          .build();
    }
  }

  private static TaskError build(Throwable failure, TaskDescriptor task) {
    TaskError.Builder error =
        TaskError.newBuilder()
            .setLanguage(Language.LANGUAGE_JAVA)
            .setSubtask(task.getSubtask())
            .setOperator(task.getChain(0).getName())
            .setRecordPosition(-1);
    Throwable cause = failure;
    if (failure instanceof OperatorFailure at) {
      cause = at.getCause();
      error.setOperator(at.operator()).setRecordPosition(at.position());
      if (at.hasRecord()) {
        error.setRecord(RecordText.of(at.failedRecord()));
      }
    } else if (failure instanceof UnsendableRecordException) {
      error.setOperator(task.getChain(task.getChainCount() - 1).getName());
    }
    if (cause instanceof UnsendableRecordException unsendable) {
      error.setRecordPosition(-1).setRecord(RecordText.of(unsendable.rejected()));
      return finish(error, failure, unsendable.getCause(), unsendable.getMessage());
    }
    if (cause instanceof PartitionException partition) {
      return finish(error, failure, partition.getCause(), partition.getMessage());
    }
    if (cause instanceof UnreadableRecordException unreadable) {
      error.setRecordPosition(unreadable.position());
      return finish(error, failure, unreadable.getCause(), unreadable.getMessage());
    }
    IOException shortage = shortage(cause);
    if (shortage != null && StackTraces.isEnginesOwn(shortage)) {
      return withoutFiles(error, shortage, cause);
    }
    return finish(error, failure, cause, shortage == null ? hint(cause) : moreFiles());
  }

  /** Returns what says, among an error and its causes, that there is no open file left; or null. */
  private static IOException shortage(Throwable error) {
    IOException found = null;
    Throwable cause = error;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = ErrorText.cause(cause)) {
      if (cause instanceof IOException problem && Shortage.isOneOf(problem)) {
        found = problem; // the innermost has the trace
      }
    }
    return found;
  }

  /** No function has to do with a file that the engine needs itself. */
  private static TaskError withoutFiles(
      TaskError.Builder task, IOException shortage, Throwable whole) {
    String summary =
        "the worker of operator '%s', subtask %d, Java, ran out of file descriptors for its channels: %s"
            .formatted(task.getOperator(), task.getSubtask(), ErrorText.of(shortage));
    return task.clearOperator()
        .setRecordPosition(-1)
        .clearRecord()
        .setSummary(summary)
        .setFullTrace(StackTraces.whole(whole))
        .setHint(moreFiles())
        .build();
  }

  private static String moreFiles() {
    return ("the process may have %d files open (ulimit -n), and every channel of its tasks takes"
            + " one: raise the limit where workers start, have fewer tasks share a worker (option"
            + " anabranch.java.tasks-per-worker), or use fewer parallel subtasks")
        .formatted(OpenFiles.limit());
  }

  private static TaskError finish(
      TaskError.Builder error, Throwable whole, Throwable cause, String hint) {
    return error
        .setSummary(summary(cause))
        .setUserTrace(userTrace(cause))
        .setFullTrace(StackTraces.whole(whole instanceof OperatorFailure ? cause : whole))
        .setHint(hint)
        .setKind(kind(whole))
        .build();
  }

  /** User code may have wrapped what has come out of its context. */
  private static TaskError.Kind kind(Throwable error) {
    Throwable cause = error;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = ErrorText.cause(cause)) {
      if (cause instanceof NondeterminismException) {
        return TaskError.Kind.KIND_NONDETERMINISM;
      }
    }
    return TaskError.Kind.KIND_UNSPECIFIED;
  }

  /** The engine's own complaints are about the user's data or job, and complete without a trace. */
  private static boolean isOurs(Throwable error) {
    return error instanceof RecordException
        || error instanceof FunctionException
        || error instanceof ExchangeException
        || error instanceof CheckpointException
        || error instanceof RecoveryException;
  }

  private static String summary(Throwable error) {
    if (error instanceof NondeterminismException) {
      return "NondeterminismError: " + ErrorText.message(error);
    }
    if (error instanceof CheckpointException) {
      return "CheckpointError: " + ErrorText.message(error);
    }
    return isOurs(error) ? ErrorText.message(error) : ErrorText.of(error);
  }

  private static String userTrace(Throwable error) {
    return isOurs(error) && !StackTraces.touchesUserCode(error) ? "" : StackTraces.folded(error);
  }

  private static String hint(Throwable error) {
    if (error instanceof NondeterminismException) {
      return "a function depends on more than its records: use now(), random() and"
          + " nondeterministic() of its context";
    }
    if (error instanceof ClassCastException) {
      return castHint(ErrorText.message(error));
    }
    if (error instanceof NoClassDefFoundError) {
      return "a jar is missing: add the one that holds this class (add_jar)";
    }
    if (error instanceof NoSuchMethodError || error instanceof NoSuchFieldError) {
      return "a jar of the job is of another version than the code was compiled against";
    }
    if (error instanceof OutOfMemoryError) {
      return "give the JVM more memory: option anabranch.java.options, -Xmx4g for instance";
    }
    return "";
  }

  private static String castHint(String message) {
    Matcher cast = CAST.matcher(message);
    if (!cast.find()) {
      return "";
    }
    // The JVM says it in one way, a method handle in the other.
    String from = cast.group(1) == null ? cast.group(3) : cast.group(1);
    String to = cast.group(2) == null ? cast.group(4) : cast.group(2);
    if (from.equals("java.lang.Long") && SMALL_INTEGERS.contains(to)) {
      return "a Python int arrives as java.lang.Long: declare Long instead of "
          + to.substring("java.lang.".length());
    }
    if (from.equals("java.lang.Double") && to.equals("java.lang.Float")) {
      return "a Python float arrives as java.lang.Double: declare Double instead of Float";
    }
    if (from.equals("org.anabranch.api.Row")) {
      return "an object whose class has no counterpart here arrives as a Row: register the type, or take a Row";
    }
    return "";
  }
}
