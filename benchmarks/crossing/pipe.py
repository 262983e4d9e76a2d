"""By hand: what a careful person writes for two Python processes.

Batches of the same size, encoded by the same codec, through a pipe. It has one hop less and no Java.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from multiprocessing.connection import Connection

from anabranch.records import Decoder, Encoder, TypeRegistry
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.record_pb2 import Schema
from benchmarks.crossing.shapes import SHAPES, Item, batches
from benchmarks.harness.emit import emit


def types() -> TypeRegistry:
    """Returns the types of both processes."""
    registry = TypeRegistry()
    registry.register(Item, "com.acme.Item")
    return registry


def main() -> None:
    shape, n = sys.argv[1], int(sys.argv[2])
    spawn = multiprocessing.get_context("spawn")
    receive, send = spawn.Pipe(duplex=False)
    results, give = spawn.Pipe(duplex=False)
    consumer = spawn.Process(target=consume, args=(shape, receive, give))
    consumer.start()
    results.recv()  # it is up
    encoder = Encoder(pb.LANGUAGE_JAVA, types())
    _, schemas = encoder.encode(next(batches(shape, 1)))  # those of one record are those of all
    send.send([schema.SerializeToString() for schema in schemas])
    started = time.monotonic()
    for batch in batches(shape, n):
        payload, _ = encoder.encode(batch)
        send.send_bytes(len(batch).to_bytes(4, "big") + payload)
    send.send_bytes(bytes(4))
    ended, check = results.recv()
    consumer.join(timeout=30)
    emit(started, ended, n, check)


def consume(shape: str, receive: Connection, give: Connection) -> None:
    """Runs in the other process."""
    decoder = Decoder(pb.LANGUAGE_JAVA, types())
    checker = SHAPES[shape].checker()
    take = checker.take
    give.send(True)
    schemas = [Schema.FromString(each) for each in receive.recv()]
    while n := int.from_bytes((message := receive.recv_bytes())[:4], "big"):
        for record in decoder.decode(memoryview(message)[4:], n, schemas):
            take(record)
    give.send((time.monotonic(), checker.check))


if __name__ == "__main__":
    main()
