"""The record encoding of docs/design/002-records.md."""

from anabranch.records.codec import Decoder, Encoder, codec_name, decode_value, encode_value
from anabranch.records.groups import key_group
from anabranch.records.keys import KeyEncoder, KeySelector, encode_key, subtask_of
from anabranch.records.refused import RefusedValue
from anabranch.records.row import Row
from anabranch.records.types import TypeRegistry, record_type

__all__ = [
    "Decoder",
    "Encoder",
    "KeyEncoder",
    "KeySelector",
    "RefusedValue",
    "Row",
    "TypeRegistry",
    "codec_name",
    "decode_value",
    "encode_key",
    "encode_value",
    "key_group",
    "record_type",
    "subtask_of",
]
