package com.acme.nexmark;

import com.acme.bench.Digest;
import com.acme.bench.Digestible;

/** Creates the events; the twin of benchmarks/nexmark/events.py, which explains the numbers. */
public final class Generator {
  private static final int GROUP = 50;
  private static final int AUCTIONS = 3;
  private static final int EVENTS_PER_MS = 10;
  private static final int HOT = 100;
  private static final int ACTIVE_PERSONS = 1000;
  private static final int OPEN_AUCTIONS = 100;
  private static final int OPEN_MS = 334;
  private static final int FIRST_CATEGORY = 10;
  private static final int CATEGORIES = 5;
  private static final String[] FIRST_NAMES = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"
  };
  private static final String[] LAST_NAMES = {
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"
  };
  private static final String[] CITIES = {
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne"
  };
  private static final String[] STATES = {"AZ", "CA", "ID", "OR", "WA", "WY"};

  private Generator() {}

  /** Returns an event; its number decides all of it. */
  public static Digestible event(long number) {
    long group = number / GROUP;
    int offset = (int) (number % GROUP);
    if (offset > AUCTIONS) {
      return bid(number, group);
    }
    return offset > 0 ? auction(number, group, offset - 1) : person(number, group);
  }

  private static Person person(long number, long group) {
    long h = Digest.mix(number);
    String name = pick(FIRST_NAMES, h) + " " + pick(LAST_NAMES, h >>> 8);
    return new Person(
        group, name, pick(CITIES, h >>> 16), pick(STATES, h >>> 24), number / EVENTS_PER_MS);
  }

  private static String pick(String[] words, long bits) {
    return words[(int) (bits & 0xFF) % words.length];
  }

  private static Auction auction(long number, long group, int index) {
    long h = Digest.mix(number);
    long seller =
        (h & 3) != 0 ? group / HOT * HOT : recent(h >>> 2 & 0xFFFF, group, ACTIVE_PERSONS);
    long time = number / EVENTS_PER_MS;
    long expires = time + 1 + (h >>> 26 & 0xFFFF) % OPEN_MS;
    long category = FIRST_CATEGORY + (h >>> 18 & 0xFF) % CATEGORIES;
    return new Auction(group * AUCTIONS + index, seller, category, price(h >>> 42), time, expires);
  }

  private static Bid bid(long number, long group) {
    long h = Digest.mix(number);
    long newest = group * AUCTIONS + AUCTIONS - 1;
    long auction =
        (h & 1) != 0 ? newest / HOT * HOT : recent(h >>> 3 & 0xFFFF, newest, OPEN_AUCTIONS);
    long bidder =
        (h & 6) != 0 ? group / HOT * HOT : recent(h >>> 19 & 0xFFFF, group, ACTIVE_PERSONS);
    return new Bid(auction, bidder, price(h >>> 35), number / EVENTS_PER_MS);
  }

  private static long recent(long bits, long newest, int n) {
    return newest - bits % (Math.min(newest, n - 1) + 1);
  }

  private static long price(long bits) {
    long exponent = (bits & 0xFF) % 20;
    return 100 * ((1L << exponent) + (bits >>> 8 & (1L << exponent) - 1));
  }

  /** Prints the digest of each of the first events, for the test that compares the languages. */
  public static void main(String[] args) {
    for (long number = 0; number < Long.parseLong(args[0]); number++) {
      System.out.println(Long.toUnsignedString(event(number).digest()));
    }
  }
}
