package org.anabranch.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.TaskError;
import org.anabranch.runtime.operator.OperatorFailure;
import org.junit.jupiter.api.Test;

/** What is reported of a task that has failed. */
class TaskErrorsTest {
  private static final TaskDescriptor TASK =
      TaskDescriptor.newBuilder()
          .setSubtask(3)
          .addChain(Operator.newBuilder().setName("source"))
          .build();
  private static final StackTraceElement USER = frame(null, "com.acme.Reader", "map");
  private static final StackTraceElement ENGINE =
      frame(null, "org.anabranch.runtime.exchange.output.Acceptor", "ready");
  private static final StackTraceElement JDK = frame("java.base", "sun.nio.ch.Net", "accept");

  private static StackTraceElement frame(String module, String type, String method) {
    return new StackTraceElement("app", module, null, type, method, "A.java", 1);
  }

  private static <T extends Throwable> T with(T error, StackTraceElement... frames) {
    error.setStackTrace(frames);
    return error;
  }

  @Test
  void theEngineHasGotNone() {
    IOException shortage = with(new IOException("Too many open files"), JDK, ENGINE, USER, ENGINE);
    Throwable wrapped = with(new UncheckedIOException(shortage), ENGINE, USER, ENGINE);

    TaskError error = TaskErrors.of(OperatorFailure.atRecord("map", 7, "record", wrapped), TASK);

    assertThat(error.getOperator()).isEmpty();
    assertThat(error.getRecordPosition()).isEqualTo(-1);
    assertThat(error.getRecord()).isEmpty();
    assertThat(error.getUserTrace()).isEmpty();
    assertThat(error.getSummary())
        .isEqualTo(
            "the worker of operator 'map', subtask 3, Java, ran out of file descriptors for its channels:"
                + " java.io.IOException: Too many open files");
    assertThat(error.getHint()).contains("ulimit -n").contains("anabranch.java.tasks-per-worker");
  }

  @Test
  void aFunctionHasGotNone() {
    Throwable shortage =
        with(new FileSystemException("/data", null, "Too many open files"), JDK, USER, ENGINE);

    TaskError error = TaskErrors.of(OperatorFailure.atRecord("map", 7, "record", shortage), TASK);

    assertThat(error.getOperator()).isEqualTo("map");
    assertThat(error.getRecordPosition()).isEqualTo(7);
    assertThat(error.getUserTrace()).contains("com.acme.Reader.map");
    assertThat(error.getHint()).contains("ulimit -n");
  }

  /** Throws whatever is asked of it. */
  private static final class Hostile extends IOException {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new LinkageError();
    }

    @Override
    public synchronized Throwable getCause() {
      throw new StackOverflowError();
    }
  }

  @Test
  void anExceptionWhoseMethodsFailIsReportedWithOperatorRecordAndFrames() {
    Throwable hostile = with(new Hostile(), USER, ENGINE);

    TaskError error = TaskErrors.of(OperatorFailure.atRecord("map", 7, "record", hostile), TASK);

    assertThat(error.getOperator()).isEqualTo("map");
    assertThat(error.getRecordPosition()).isEqualTo(7);
    assertThat(error.getSummary()).contains("$Hostile (its message cannot be had");
    assertThat(error.getUserTrace()).contains("com.acme.Reader.map");
    assertThat(error.getFullTrace())
        .contains("org.anabranch.runtime.exchange.output.Acceptor.ready");
  }
}
