package com.acme.nexmark;

import com.acme.bench.Digest;
import com.acme.bench.Digestible;

/** Something that is for sale until it expires. The name of {@code initial_bid} is Python's. */
public record Auction(
    long id, long seller, long category, long initial_bid, long time, long expires)
    implements Digestible {

  @Override
  public long digest() {
    return Digest.of(id, seller, category, initial_bid, time, expires);
  }
}
