"""What Hypothesis makes records of."""

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON

OFFSETS = st.integers(-18 * 3600, 18 * 3600).map(lambda seconds: timezone(timedelta(seconds=seconds)))
DATETIMES = (
    st.datetimes() | st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=OFFSETS)
).map(lambda d: d.replace(fold=0))
HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.dates() | st.times().map(lambda t: t.replace(fold=0)) | DATETIMES | st.timedeltas() | st.uuids()
    | st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: d or not d.is_signed()),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.frozensets(inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(HASHABLE, inner, max_size=5)
        | st.sets(HASHABLE, max_size=5)
    ),
    max_leaves=20,
)
LANGUAGES = st.sampled_from([LANGUAGE_PYTHON, LANGUAGE_JAVA])


def shape(value):
    """The value with the types of everything in it, so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, (list, tuple)):
        return type(value), [shape(part) for part in value]
    if isinstance(value, dict):
        return type(value), [(shape(key), shape(part)) for key, part in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(part)) for part in value)
    return type(value), repr(value)
