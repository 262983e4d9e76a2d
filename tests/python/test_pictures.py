"""The pictures of the documentation are those of their texts."""

import xml.etree.ElementTree as ET
from pathlib import Path
from runpy import run_path

import pytest

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TEXTS = sorted(PICTURES.glob("*.txt"))
draw = run_path(str(PICTURES / "draw.py"))["draw"]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_a_picture_is_that_of_its_text(text):
    assert draw(text.read_text(), text.stem) == text.with_suffix(".svg").read_text(), "run docs/pictures/draw.py"


def test_every_picture_has_a_text_and_is_shown():
    page = (PICTURES.parent / "architecture.md").read_text()

    assert [path.stem for path in sorted(PICTURES.glob("*.svg"))] == [path.stem for path in TEXTS]
    assert all(f"(pictures/{text.stem}.svg)" in page for text in TEXTS)


def test_what_a_text_says_is_escaped():
    picture = draw("lanes: a | b\na > b: x < y & z\n", "title")

    assert "x < y & z" in [element.text for element in ET.fromstring(picture).iter()]


@pytest.mark.parametrize(
    "text", ["circles", "boxes\nno parts", "lanes: a | b\na > c: to no lane", "lanes: a\na is what"]
)
def test_a_line_of_no_known_form_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        draw(text, "title")
