"""Nexmark: queries over the persons, auctions and bids of an online auction.

What differs from the original (Tucker, Tufte, Papadimos and Maier: NEXMark, a benchmark for queries over data streams):

* The events have the usual proportion, 1 person : 3 auctions : 46 bids, hot sellers, hot auctions and auctions that are
  open for about 1,700 events, but fewer fields, and whole numbers only, so that both languages make the same ones to
  the bit. An event depends on its number alone: any subtask can make any of them.
* Time is event time, 10,000 events per second, and it is in the events. Nothing waits for a watermark: a query emits
  what is new as soon as it is known (q3, q8), or its result so far (q4), and the last result is the one that counts.
* q4 takes the highest bid of an auction so far for the winning one, and corrects it when a higher one comes.
* q8 has tumbling windows of ten seconds as part of the key; the join keeps its state for an hour of processing time.
* q5, q6 and q7 are left out: they need windows that fire.
"""
