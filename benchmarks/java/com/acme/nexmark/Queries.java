package com.acme.nexmark;

import org.anabranch.api.tuple.Tuple2;
import org.anabranch.api.tuple.Tuple3;
import org.anabranch.api.tuple.Tuple4;

/** The functions of the queries; the twin of benchmarks/nexmark/queries.py. */
public final class Queries {
  private static final long WINDOW_MS = 10_000;

  private Queries() {}

  /** q0: all events as they are. */
  public static Object same(Object event) {
    return event;
  }

  public static boolean isBid(Object event) {
    return event instanceof Bid;
  }

  public static boolean isPerson(Object event) {
    return event instanceof Person;
  }

  public static boolean isAuction(Object event) {
    return event instanceof Auction;
  }

  /** q1: prices in euros. */
  public static Bid toEuros(Bid bid) {
    return new Bid(bid.auction(), bid.bidder(), bid.price() * 908 / 1000, bid.time());
  }

  /** q2: the bids of some auctions. */
  public static boolean isChosen(Object event) {
    return event instanceof Bid bid && bid.auction() % 123 == 0;
  }

  public static Tuple2<Long, Long> toOffer(Bid bid) {
    return new Tuple2<>(bid.auction(), bid.price());
  }

  /** q3: who sells in category 10 in some states. */
  public static boolean isLocalPerson(Object event) {
    return event instanceof Person person
        && switch (person.state()) {
          case "OR", "ID", "CA" -> true;
          default -> false;
        };
  }

  public static boolean isOfCategory10(Object event) {
    return event instanceof Auction auction && auction.category() == 10;
  }

  public static Long personId(Person person) {
    return person.id();
  }

  public static Long seller(Auction auction) {
    return auction.seller();
  }

  public static Tuple4<String, String, String, Long> toLocalItem(Auction auction, Person person) {
    return new Tuple4<>(person.name(), person.city(), person.state(), auction.id());
  }

  /** q4: average closing price of each category. */
  public static boolean isNoPerson(Object event) {
    return !(event instanceof Person);
  }

  public static Long auctionId(Object event) {
    return event instanceof Bid bid ? bid.auction() : ((Auction) event).id();
  }

  public static Long category(Tuple3<Long, Long, Long> rise) {
    return rise.f0();
  }

  /** q8: who has registered and opened an auction within one window. */
  public static Tuple2<Long, Long> personInWindow(Person person) {
    return new Tuple2<>(person.id(), person.time() / WINDOW_MS);
  }

  public static Tuple2<Long, Long> sellerInWindow(Auction auction) {
    return new Tuple2<>(auction.seller(), auction.time() / WINDOW_MS);
  }

  public static Tuple3<Long, String, Long> toNewcomer(Person person, Auction auction) {
    return new Tuple3<>(person.id(), person.name(), person.time() / WINDOW_MS);
  }
}
