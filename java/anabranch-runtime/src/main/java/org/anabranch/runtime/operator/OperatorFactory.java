package org.anabranch.runtime.operator;

import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.SinkFunction;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.api.function.TransactionalSinkFunction;
import org.anabranch.proto.v1.FunctionDescriptor;
import org.anabranch.runtime.records.ValueCopier;

/** Makes the operators that descriptors describe, with functions of their own. */
final class OperatorFactory {
  private final FunctionLoader functions;
  private final ValueCopier copier;
  private final RecordPlace place;
  private final boolean checkpoints;
  private final OperatorChain.Host host;

  /**
   * Creates the factory of one chain.
   *
   * @param place which record the chain is handling
   * @param checkpoints whether the job takes checkpoints
   */
  OperatorFactory(
      FunctionLoader functions,
      ValueCopier copier,
      RecordPlace place,
      boolean checkpoints,
      OperatorChain.Host host) {
    this.functions = functions;
    this.copier = copier;
    this.place = place;
    this.checkpoints = checkpoints;
    this.host = host;
  }

  /**
   * Makes an operator.
   *
   * @param keyed whether its records come with keys
   * @param head whether it is the first one of its chain
   * @param next takes what it emits
   * @throws OperatorFailure if its function cannot be loaded
   */
  Operator make(
      org.anabranch.proto.v1.Operator operator, boolean keyed, boolean head, Output next) {
    String name = operator.getName();
    var function = operator.getFunction();
    return switch (operator.getKind()) {
      case OPERATOR_KIND_SOURCE -> {
        SourceFunction<Object> source = load(name, FunctionKind.SOURCE, function);
        yield new SourceOperator(source, next);
      }
      case OPERATOR_KIND_MAP -> {
        MapFunction<Object, Object> map = load(name, FunctionKind.MAP, function);
        yield new MapOperator(map, next);
      }
      case OPERATOR_KIND_FLAT_MAP -> {
        FlatMapFunction<Object, Object> flatMap = load(name, FunctionKind.FLAT_MAP, function);
        yield new FlatMapOperator(flatMap, next);
      }
      case OPERATOR_KIND_FILTER -> {
        FilterFunction<Object> filter = load(name, FunctionKind.FILTER, function);
        yield new FilterOperator(filter, next);
      }
      case OPERATOR_KIND_KEY_BY -> {
        KeyFunction<Object, Object> keyBy = load(name, FunctionKind.KEY_BY, function);
        yield new KeyByOperator(keyBy, next);
      }
      case OPERATOR_KIND_REDUCE -> {
        ReduceFunction<Object> reduce = load(name, FunctionKind.REDUCE, function);
        yield new ReduceOperator(reduce, functions.keyEncoder(), next);
      }
      case OPERATOR_KIND_SINK -> {
        SinkFunction<Object> sink = load(name, FunctionKind.SINK, function);
        yield sinkOperator(sink, head);
      }
      case OPERATOR_KIND_AGGREGATE -> {
        AggregateFunction<Object, Object, Object> aggregate =
            load(name, FunctionKind.AGGREGATE, function);
        yield new AggregateOperator(aggregate, functions.keyEncoder(), next);
      }
      case OPERATOR_KIND_PROCESS -> {
        ProcessFunction<Object, Object> process = load(name, FunctionKind.PROCESS, function);
        yield new ProcessOperator(process, keyed, functions.keyEncoder(), next);
      }
      case OPERATOR_KIND_JOIN -> {
        JoinFunction<Object, Object, Object> join = load(name, FunctionKind.JOIN, function);
        yield new JoinOperator(join, operator.getJoin(), functions.keyEncoder(), copier, next);
      }
      case OPERATOR_KIND_CONNECT -> {
        CoProcessFunction<Object, Object, Object> connect =
            load(name, FunctionKind.CONNECT, function);
        yield new ConnectOperator(connect, next);
      }
      case OPERATOR_KIND_UNION -> new UnionOperator(next);
      case OPERATOR_KIND_COLLECT ->
          new CollectOperator(operator.getId(), functions.javaEncoder(), host);
      default ->
          throw OperatorFailure.outsideOfRecords(
              name, new FunctionException("a Java worker cannot run a " + operator.getKind()));
    };
  }

  private Operator sinkOperator(SinkFunction<Object> sink, boolean head) {
    if (sink instanceof TransactionalSinkFunction<Object> transactional) {
      return new TransactionalSinkOperator(transactional, checkpoints);
    }
    return sink instanceof IdempotentSinkFunction<Object> idempotent
        ? new IdempotentSinkOperator(idempotent, place, head)
        : new SinkOperator(sink);
  }

  /**
   * Makes the function of an operator.
   *
   * @throws OperatorFailure in the name of the operator, if it cannot be loaded
   */
  @SuppressWarnings("unchecked") // the loader has checked the interface; its types are the user's
  <F> F load(String operator, FunctionKind kind, FunctionDescriptor descriptor) {
    try {
      return (F) functions.load(kind, descriptor);
    } catch (Throwable t) {
      throw OperatorFailure.outsideOfRecords(operator, t);
    }
  }
}
