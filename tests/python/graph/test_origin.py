"""Where in the user's code something was called."""

from pathlib import Path

import anabranch
from anabranch import StreamingContext

PACKAGE = Path(anabranch.__file__).parent


def origin_in(filename: str) -> str:
    ctx = StreamingContext()
    exec(compile("\n\nctx.from_values(1)", filename, "exec"), {"ctx": ctx})
    return ctx._graph("job").operators[0].origin


def test_the_origin_is_the_innermost_line_outside_of_the_package():
    assert "/home/me/job.py:3" == origin_in("/home/me/job.py")


def test_a_package_whose_name_begins_alike_is_the_users_own():
    neighbour = f"{PACKAGE}_jobs/job.py"

    assert f"{neighbour}:3" == origin_in(neighbour)


def test_lines_of_the_package_are_passed_over():
    assert origin_in(str(PACKAGE / "api" / "made_up.py")).startswith(f"{__file__}:")
