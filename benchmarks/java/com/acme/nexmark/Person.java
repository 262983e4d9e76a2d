package com.acme.nexmark;

import com.acme.bench.Digest;
import com.acme.bench.Digestible;

/** Somebody who has registered. */
public record Person(long id, String name, String city, String state, long time)
    implements Digestible {

  @Override
  public long digest() {
    return Digest.of(id, name, city, state, time);
  }
}
