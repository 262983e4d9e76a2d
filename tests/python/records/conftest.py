"""Runs the tests of the codec with both of its implementations."""

import pytest

from anabranch.records import codec

NATIVE = codec._native


@pytest.fixture(scope="module", params=["native", "pure"])
def implementation(request):
    """Which codec the tests of a module are run with, one after the other."""
    if request.param == "native" and NATIVE is None:
        pytest.skip("the native codec was not built")
    codec._native = NATIVE if request.param == "native" else None
    yield request.param
    codec._native = NATIVE
