package com.acme.company;

import com.google.common.base.CaseFormat;
import com.google.gson.Gson;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.StringValue;
import io.grpc.Status;
import java.io.Serializable;
import java.util.List;
import kotlin.text.StringsKt;
import org.anabranch.api.DataStream;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.StreamingContext;
import org.apache.commons.codec.digest.DigestUtils;

/** Reads orders, with a library of the company in every operator, and totals them by customer. */
public final class Orders {
  private Orders() {}

  /** An order. */
  public record Order(String customer, int cents) implements Serializable {}

  static final List<String> INPUT =
      List.of(
          "{\"customer\": \"ann lee\", \"cents\": 200}",
          "{\"customer\": \"bob ray\", \"cents\": 50}",
          "{\"customer\": \"ann lee\", \"cents\": 120}");

  /** Returns the stream of totals. */
  public static DataStream<Order> totals(StreamingContext context) {
    return DataStreamSource.fromCollection(context, INPUT)
        .map(line -> new Gson().fromJson(line, Order.class))
        .keyBy(Order::customer)
        .reduce((old, order) -> new Order(old.customer(), old.cents() + order.cents()));
  }

  /** Returns how an order is filed, by a library each. */
  static String filed(String library, Order order) throws InvalidProtocolBufferException {
    return switch (library) {
      case "gson" -> new Gson().toJson(order);
      case "guava" -> CaseFormat.LOWER_HYPHEN.to(CaseFormat.LOWER_CAMEL, dashed(order));
      case "codec" -> DigestUtils.md5Hex(order.customer());
      case "grpc" -> Status.OK.withDescription(order.customer()).getDescription();
      case "kotlin" -> StringsKt.reversed((CharSequence) order.customer()).toString();
      case "protobuf" ->
          StringValue.parseFrom(StringValue.of(order.customer()).toByteArray()).getValue();
      default -> throw new IllegalArgumentException(library);
    };
  }

  private static String dashed(Order order) {
    return order.customer().replace(' ', '-');
  }

  public static void main(String[] args) {
    StreamingContext context = StreamingContext.buildContext();
    for (Order total : totals(context).executeAndCollect("orders")) {
      System.out.println(total.customer() + " " + total.cents());
    }
  }
}
