"""Every code block of the pages of the root and of docs/ is run, in the order of its page.

A page has a directory of its own. `java` blocks are written to the file that their package and class name, `bash`
blocks are run in the directory, `python` blocks as a script there; a `text` block is what the block before it printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from anabranch.config import OPTIONS

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COLOR = re.compile(r"\x1b\[\d*m")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|c|proto|tsv))`")
ANCHOR = re.compile(r"\]\(([^)#]*)#([^)]+)\)")


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in FENCED.finditer(text)]


class Reader:
    """Does what a page says."""

    def __init__(self, page: Path, directory: Path) -> None:
        self.page = page
        self.directory = directory
        self.printed = ""
        for part in ("python", "examples"):
            (directory / part).symlink_to(ROOT / part)
        (directory / ".venv").symlink_to(sys.prefix)
        tools = directory / "bin"
        tools.mkdir()
        # The command alone is on the path, as `python3` is there another Python than that of the environment.
        (tools / "anabranch").symlink_to(Path(sys.executable).with_name("anabranch"))
        # `make test` would start this test again: make only says what it would do.
        (tools / "make").write_text(f'#!/bin/sh\nexec {find("make")} -n -C "{ROOT}" "$@"\n')
        (tools / "make").chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(tools), *self._path_of_others()]),
        }

    @staticmethod
    def _path_of_others() -> list[str]:
        """Returns PATH without the directory of this Python: a page says itself where Anabranch is."""
        return [each for each in os.get_exec_path() if Path(each).resolve() != Path(sys.executable).parent.resolve()]

    def follow(self, block: Block) -> None:
        where = f"{self.page.relative_to(ROOT)}:{block.line}"
        match block.language:
            case "java":
                self.write_java(block.text, where)
            case "bash":
                self.run(["bash", "-euo", "pipefail", "-c", f"{block.text}\nenv -0 > exported"], where)
                # The blocks of a page are typed into one shell.
                exported = (self.directory / "exported").read_text().split("\0")
                self.environment.update(each.split("=", 1) for each in exported if each)
            case "python":
                script = self.directory / f"line_{block.line}.py"
                script.write_text(block.text)
                self.run([sys.executable, str(script)], where)
            case "text":
                assert self.printed.splitlines() == block.text.splitlines(), f"{where}: printed something else"
            case "xml":
                check_dependency(block.text, where)
            case _:
                pytest.fail(f"{where}: a block of {block.language or 'no language'}, which nothing runs")

    def write_java(self, text: str, where: str) -> None:
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
        name = re.search(r"^public [\w ]*(?:class|record|interface|enum) (\w+)", text, re.MULTILINE)
        assert package is not None, f"{where}: no package"
        assert name is not None, f"{where}: no public class"
        path = self.directory.joinpath(*package[1].split("."), f"{name[1]}.java")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, command: list[str], where: str) -> None:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{where}: {done.stderr}"
        self.printed = COLOR.sub("", done.stdout)


def find(program: str) -> str:
    for directory in os.get_exec_path():
        path = Path(directory, program)
        if os.access(path, os.X_OK):
            return str(path)
    pytest.fail(f"{program} is not on PATH")


def check_dependency(text: str, where: str) -> None:
    dependency = {element.tag: element.text for element in ET.fromstring(text)}
    pom = ET.parse(ROOT / "java" / str(dependency["artifactId"]) / "pom.xml").getroot()
    maven = {"m": "http://maven.apache.org/POM/4.0.0"}
    parent = {each.tag.partition("}")[2]: each.text for each in pom.findall("m:parent/*", maven)}
    assert (dependency["groupId"], dependency["version"]) == (parent["groupId"], parent["version"]), where


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_does_what_the_page_says(page, tmp_path):
    reader = Reader(page, tmp_path)
    for block in blocks(page):
        reader.follow(block)


def test_there_are_blocks_of_every_kind():
    assert {block.language for page in PAGES for block in blocks(page)} == {"bash", "java", "python", "text", "xml"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_java_block_is_used_by_a_job_of_its_page(page):
    scripts = "".join(block.text for block in blocks(page) if block.language in ("python", "bash", "java"))
    for block in blocks(page):
        if block.language == "java":
            name = re.search(r"(?:class|record) (\w+)", block.text)
            assert name is not None
            used = f'"com.acme.{name[1]}' in scripts or f"mainClass=com.acme.{name[1]}" in scripts
            assert used or f"{name[1]}.class" in scripts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target in local_links(page):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_a_heading(page):
    for target, anchor in ANCHOR.findall(page.read_text()):
        if "://" not in target:
            headings = re.findall(r"^#+ (.*)$", (page.parent / target if target else page).read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


NOTES = sorted((ROOT / "docs" / "design").glob("*.md"))
STATUS = re.compile(r"# \d{3} .+\n\n\*Status: [^*]+\sWritten \d{4}-\d\d-\d\d[^*]*\sReplaces[^*]+\*\n")


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.name)
def test_every_design_note_begins_with_its_status(note):
    assert STATUS.match(note.read_text())


@pytest.mark.parametrize("page", [*PAGES, *NOTES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page):
    """Named from the root, or by the end of its path."""
    for name in set(NAMED.findall(page.read_text())):
        assert any(f"/{path}".endswith(f"/{name}") for path in sources()), name


@cache
def sources() -> list[str]:
    parts = ("python", "tests", "proto", "docs", "benchmarks", "examples")
    return [str(path.relative_to(ROOT)) for part in parts for path in (ROOT / part).rglob("*.*")]


def local_links(page: Path) -> Iterator[str]:
    return (target for target in LINK.findall(page.read_text()) if "://" not in target)


def test_the_table_of_options_is_that_of_the_code():
    page = (ROOT / "docs" / "operations.md").read_text()
    shown = [line for line in page.splitlines() if line.startswith("| `anabranch.")]

    assert shown == [table_row(option) for option in OPTIONS.values()]


def table_row(option) -> str:
    default = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
    return f"| `{option.name}` | {f'`{default}`' if default else 'empty'} | {option.doc} |"
