"""Cells of a notebook that fail, or are run again."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from anabranch import StreamingContext
from anabranch.api.cells import CELLS


class Notebook:
    """Runs cells as a kernel does."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.run("from anabranch import StreamingContext", "ctx = StreamingContext.Builder().build()", "printed = []")

    def run(self, *lines: str, cell: str | None = None) -> BaseException | None:
        """Runs a cell; returns what it has failed with."""
        result = self._shell.run_cell("\n".join(lines), cell_id=cell)
        return result.error_before_exec or result.error_in_exec

    def value(self, name: str):
        return self._shell.user_ns[name]

    @property
    def operators(self) -> list[str]:
        context = self.value("ctx")
        assert isinstance(context, StreamingContext)
        return [operator.name for operator in context._graph("job").operators]


@pytest.fixture
def notebook():
    shell = InteractiveShell.instance()
    shell.showtraceback = lambda *args, **kwargs: None
    yield Notebook(shell)
    InteractiveShell.clear_instance()
    CELLS._shell = None


def test_a_cell_that_fails_has_described_nothing(notebook):
    assert notebook.run("s = ctx.from_values(1)") is None
    assert notebook.run("s.with_name('one')", "s.map(len).sink(print)", "ctx.execute(undefined)") is not None

    assert ["source-1"] == notebook.operators


def test_the_corrected_cell_runs_once(notebook):
    describe = "collected = ctx.from_values('dup').collect()"
    assert notebook.run(describe, "ctx.execute(undefined)") is not None

    assert notebook.run(describe, "ctx.execute('corrected')") is None

    assert ["dup"] == notebook.value("collected").get()


def test_a_job_of_both_languages_can_be_corrected_too(notebook):
    describe = (
        "collected = ctx.from_values(255).as_java_stream().map('java.lang.Long::toHex{}').as_python_stream().collect()"
    )
    assert "toHexString" in str(notebook.run(describe.format("Sting"), "ctx.execute('hybrid')"))

    assert notebook.run(describe.format("String"), "ctx.execute('hybrid')") is None

    assert ["ff"] == notebook.value("collected").get()


def test_a_typo_in_one_cell_does_no_harm_to_the_job_of_another(notebook):
    assert notebook.run("ctx.from_values('a').as_java_stream().map('com.acme.Ordr::parse')") is not None
    assert notebook.run("ctx.from_values(1).mapp(str)") is not None
    assert notebook.run("ctx.from_values(1) +") is not None

    assert notebook.run("got = ctx.from_values('b').execute_and_collect()") is None
    assert ["b"] == notebook.value("got")


def test_streams_of_earlier_cells_can_be_used_after_a_failure(notebook):
    notebook.run("s = ctx.from_values(3)")
    notebook.run("s.map(undefined)")

    assert notebook.run("got = s.map(str).execute_and_collect()") is None
    assert ["3"] == notebook.value("got")


def test_a_view_that_a_failed_cell_has_made_needs_no_reader(notebook):
    notebook.run("s = ctx.from_values(3)")
    assert notebook.run("s.rebalance()", "undefined") is not None
    assert notebook.run("s.rebalance().map(3)") is not None

    assert notebook.run("got = s.rebalance().map(str).execute_and_collect()") is None
    assert ["3"] == notebook.value("got")


def test_a_view_that_a_failed_cell_has_read_needs_a_reader_again(notebook):
    notebook.run("s = ctx.from_values(3)")
    notebook.run("view = s.rebalance()")
    notebook.run("view.map(str).collect()", "undefined")

    assert "rebalance() of operator 'source-1'" in str(notebook.run("s.execute_and_collect()"))


def test_a_cell_that_makes_a_view_may_be_run_again(notebook):
    notebook.run("s = ctx.from_values(3)")
    for _ in range(2):
        assert notebook.run("view = s.rebalance()") is None

    assert notebook.run("got = view.map(str).execute_and_collect()") is None
    assert ["3"] == notebook.value("got")


def test_a_stream_of_a_failed_cell_says_what_became_of_it(notebook):
    notebook.run("s = ctx.from_values(3)", "undefined")

    assert "belongs to a cell that has failed" in str(notebook.run("s.map(str)"))


def test_the_cell_that_makes_the_context_may_fail_too(notebook):
    notebook.run("ctx = StreamingContext.Builder().build()", "ctx.from_values(1)", "undefined")

    assert [] == notebook.operators


def test_what_a_failed_cell_describes_after_a_job_is_forgotten(notebook):
    notebook.run("s = ctx.from_values(1)")
    notebook.run("got = s.execute_and_collect()", "ctx.from_values(2)", "undefined")

    assert ([1], []) == (notebook.value("got"), notebook.operators)


def test_an_error_that_a_magic_shows_is_one(notebook):
    notebook.run("%%capture", "ctx.from_values(1)", "undefined")

    assert [] == notebook.operators


def test_a_cell_that_is_run_again_replaces_what_it_described(notebook):
    notebook.run("s = ctx.from_values(1)", cell="a")
    notebook.run("s.map(str).sink(print)", cell="b")
    notebook.run("other = ctx.from_values(5)", cell="c")

    assert notebook.run("s = ctx.from_values(2)", cell="a") is None
    assert ["source-4", "source-5"] == notebook.operators
    assert notebook.run("both = s.union(other).collect()", cell="b") is None
    assert notebook.run("both = s.union(other).collect()", cell="b") is None
    assert notebook.run("ctx.execute('again')", cell="d") is None
    assert [2, 5] == sorted(notebook.value("both").get())


def test_a_front_end_that_gives_cells_no_ids_is_known_to_run_one_again_by_its_text(notebook):
    for _ in range(2):
        notebook.run("collected = ctx.from_values('once').collect()")

    assert ["source-1", "collect-2"] == notebook.operators


def test_a_line_that_is_typed_twice_at_a_terminal_means_it_twice(notebook, monkeypatch):
    monkeypatch.setattr(InteractiveShell, "prompt_for_code", None, raising=False)
    notebook.run("s = ctx.from_values(1)")
    for _ in range(2):
        notebook.run("s = s.map(lambda x: x + 1)")

    assert ["source-1", "map-2", "map-3"] == notebook.operators


def test_a_cell_that_submits_may_be_run_again(notebook):
    for _ in range(2):
        assert notebook.run("got = ctx.from_values(1).execute_and_collect()", cell="a") is None

    assert ([1], []) == (notebook.value("got"), notebook.operators)


def test_a_block_that_fails_leaves_its_cell_as_any_other(notebook):
    assert notebook.run("with ctx.job('j'):", "    ctx.from_values(1).sink(print)", "    undefined") is not None

    assert [] == notebook.operators
