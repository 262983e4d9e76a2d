"""The first bytes on a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import ExchangeError
from anabranch.exchange.wire.handshake import ConsumerHandshake, ProducerHandshakes, UnprovenError, new_nonce
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

TOKEN = bytes(range(32))
NONCE = b"n" * 32
REQUEST = ConnectRequest(job_id="job", channel=3, incarnation=1, next_seq=9, next_record_seq=90)
REPLY = ConnectReply(status=ConnectReply.STATUS_OK, incarnation=2)


def producer(token: bytes = TOKEN, nonce: bytes = NONCE):
    return ProducerHandshakes(token, nonce).begin()


def consumer(token: bytes = TOKEN, nonce: bytes = NONCE) -> ConsumerHandshake:
    return ConsumerHandshake(token, nonce, REQUEST)


def feed(parser, data: bytes, piece: int):
    """Feeds the bytes as a socket would: never more than the parser wants."""
    result, position = None, 0
    while result is None and position < len(data):
        n = min(piece, parser.wanted)
        result = parser.feed(data[position : position + n])
        position += n
    return result, data[position:]


def answer_to(handshake: ConsumerHandshake, token: bytes = TOKEN, reply: ConnectReply = REPLY) -> bytes:
    """Returns what a producer answers that believes whoever asks."""
    parser = ProducerHandshakes(token, NONCE)
    nonce, request = handshake.opening[4:36], handshake.opening[72:]
    return parser.encode_reply(nonce, request, reply)


@given(st.integers(min_value=1, max_value=100))
def test_a_request_is_parsed_however_the_bytes_arrive(piece):
    assert (REQUEST, b"") == feed(producer(), consumer().opening, piece)


@given(st.integers(min_value=1, max_value=100))
def test_a_reply_is_parsed_however_the_bytes_arrive_and_nothing_behind_it_is_touched(piece):
    handshake = consumer()

    assert (REPLY, b"rest") == feed(handshake, answer_to(handshake) + b"rest", piece)


def test_the_secret_is_not_in_what_either_side_sends():
    handshake = consumer()

    assert TOKEN not in handshake.opening
    assert TOKEN not in answer_to(handshake)


@pytest.mark.parametrize("stranger", [{"token": bytes(32)}, {"nonce": b"m" * 32}], ids=["secret", "listener"])
def test_who_does_not_know_the_secret_or_speaks_to_another_listener_is_refused(stranger):
    with pytest.raises(ExchangeError, match="wrong or repeated proof"):
        feed(producer(), consumer(**stranger).opening, 1000)


def test_a_recorded_opening_is_refused_the_second_time_on_whichever_listener_of_the_task():
    handshakes, opening = ProducerHandshakes(TOKEN, NONCE), consumer().opening
    assert REQUEST == handshakes.begin().feed(opening)

    with pytest.raises(ExchangeError, match="repeated proof"):
        handshakes.begin().feed(opening)


@given(st.integers(0, 71).filter(lambda at: not 68 <= at), st.integers(1, 255))
def test_whatever_is_changed_in_an_opening_it_is_refused(at, difference):
    opening = bytearray(consumer().opening)
    opening[at] ^= difference

    with pytest.raises(ExchangeError):
        feed(producer(), bytes(opening), 1000)


def test_a_changed_request_is_refused_before_it_is_parsed():
    opening = bytearray(consumer().opening)
    opening[-1] ^= 1

    with pytest.raises(ExchangeError, match="proof"):
        feed(producer(), bytes(opening), 1000)


def test_an_answer_without_the_secret_is_not_believed():
    handshake = consumer()

    with pytest.raises(UnprovenError):
        feed(handshake, answer_to(handshake, token=bytes(32)), 1000)


def test_an_answer_that_was_given_to_another_connection_is_not_believed():
    with pytest.raises(UnprovenError):
        feed(consumer(), answer_to(consumer()), 1000)


def test_an_opening_is_no_answer():
    handshake = consumer()

    with pytest.raises(UnprovenError):
        feed(handshake, handshake.opening[36:], 1000)


@given(st.binary(min_size=36, max_size=36).filter(lambda data: not data.startswith(b"ANB2")))
def test_garbage_is_refused_at_once(garbage):
    with pytest.raises(ExchangeError, match="magic"):
        producer().feed(garbage)


def test_an_absurd_length_of_a_request_is_refused():
    with pytest.raises(ExchangeError, match="4096"):
        producer().feed(b"ANB2" + bytes(64) + b"\xff\xff\xff\xff")


def test_an_absurd_length_of_a_reply_is_refused():
    with pytest.raises(UnprovenError, match="4096"):
        feed(consumer(), bytes(32) + b"\xff\xff\xff\xff", 100)


def test_more_than_a_request_is_refused():
    with pytest.raises(ExchangeError, match="more than a request"):
        producer().feed(consumer().opening + b"x")


def test_no_two_nonces_are_alike():
    assert len({new_nonce() for _ in range(100)}) == 100
