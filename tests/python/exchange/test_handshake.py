"""The first bytes on a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import ExchangeError
from anabranch.exchange.handshake import ReplyParser, RequestParser, encode_reply, encode_request
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

TOKEN = bytes(range(32))
REQUEST = ConnectRequest(job_id="job", channel=3, incarnation=1, next_seq=9, next_record_seq=90)


def feed(parser, data: bytes, piece: int):
    """Feeds the bytes as a socket would: never more than the parser wants."""
    result, position = None, 0
    while result is None and position < len(data):
        n = min(piece, parser.wanted)
        result = parser.feed(data[position : position + n])
        position += n
    return result, data[position:]


@given(st.integers(min_value=1, max_value=100))
def test_a_request_is_parsed_however_the_bytes_arrive_and_nothing_behind_it_is_touched(piece):
    assert (REQUEST, b"rest") == feed(RequestParser(TOKEN), encode_request(TOKEN, REQUEST) + b"rest", piece)


@given(st.integers(min_value=1, max_value=100))
def test_a_reply_is_parsed_however_the_bytes_arrive_and_nothing_behind_it_is_touched(piece):
    reply = ConnectReply(status=ConnectReply.STATUS_OK, incarnation=2)

    assert (reply, b"rest") == feed(ReplyParser(), encode_reply(reply) + b"rest", piece)


def test_a_wrong_token_is_refused_before_anything_behind_it_is_read():
    parser = RequestParser(TOKEN)
    parser.feed(b"ANB1")

    with pytest.raises(ExchangeError, match="token"):
        parser.feed(bytes(32))


@given(st.binary(min_size=36, max_size=36).filter(lambda data: data != b"ANB1" + TOKEN))
def test_garbage_is_refused_once_it_is_as_long_as_magic_and_token(garbage):
    with pytest.raises(ExchangeError):
        RequestParser(TOKEN).feed(garbage)


@pytest.mark.parametrize("parser", [RequestParser(TOKEN), ReplyParser()], ids=["request", "reply"])
def test_an_absurd_length_is_refused(parser):
    if isinstance(parser, RequestParser):
        parser.feed(b"ANB1" + TOKEN)

    with pytest.raises(ExchangeError, match="4096"):
        feed(parser, b"\xff\xff\xff\xff", 4)


def test_a_request_that_is_no_protobuf_message_is_refused():
    with pytest.raises(ExchangeError, match="cannot be parsed"):
        feed(RequestParser(TOKEN), b"ANB1" + TOKEN + b"\x00\x00\x00\x02\xff\xff", 100)
