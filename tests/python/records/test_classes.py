import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from anabranch.errors import JobGraphError, RecordError
from anabranch.records import Decoder, Encoder, Row, TypeRegistry
from anabranch.records.classes import ClassFinder, loaded_modules
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON

ORDERS = """
import dataclasses, enum

@dataclasses.dataclass(frozen=True)
class Order:
    name: str

class Color(enum.Enum):
    RED = 1
"""


@pytest.fixture
def module(monkeypatch, tmp_path):
    """Writes modules to where they can be imported; none of them is loaded before the test, or after it."""
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)
        return name

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield write
    for name in written:
        sys.modules.pop(name, None)


def decoded_row(type_name, types, language):
    payload, schemas = Encoder(language, TypeRegistry()).encode([Row(type_name, {"name": "n"})])
    return Decoder(language, types).decode(payload, 1, schemas)[0]


@pytest.mark.parametrize("language", [LANGUAGE_JAVA, LANGUAGE_PYTHON])
def test_the_type_name_of_a_row_has_no_module_imported(module, language):
    module("planted", "raise SystemExit('it was imported')")

    for name in ("planted.Thing", "this.Nothing", "unittest.__main__.Nothing"):
        row = decoded_row(name, TypeRegistry(), language)
        assert (Row, name) == (type(row), row.type_name)

    assert "planted" not in sys.modules
    assert "unittest.__main__" not in sys.modules


def test_the_type_name_of_an_enum_has_no_module_imported(module):
    module("planted", ORDERS)

    with pytest.raises(RecordError, match=r"there is no enum planted\.Color"):
        TypeRegistry().enum_constant("planted.Color", "RED")
    assert "planted" not in sys.modules


def test_a_module_of_the_job_is_imported_for_the_name_of_a_type(module):
    name = module("orders_of_the_job", ORDERS)
    types = TypeRegistry([name])

    order = decoded_row(f"{name}.Order", types, LANGUAGE_JAVA)

    assert (f"{name}.Order", "n") == (f"{type(order).__module__}.{type(order).__qualname__}", order.name)
    assert types.enum_constant(f"{name}.Color", "RED").value == 1


def test_a_module_that_is_loaded_is_looked_into(module):
    name = module("orders_loaded", ORDERS)
    __import__(name)

    assert sys.modules[name].Order("n") == decoded_row(f"{name}.Order", TypeRegistry(), LANGUAGE_JAVA)


def test_a_module_that_exits_while_it_is_imported_fails_the_record_alone_and_is_tried_once(module):
    name = module("exits", "import sys\nopen('imported', 'a').write('x')\nsys.exit(3)")
    finder = ClassFinder([name])

    for _ in range(3):
        with pytest.raises(RecordError, match=r"module exits cannot be imported: SystemExit\(3\)"):
            finder.find("exits.Thing")

    assert Path("imported").read_text() == "x"


def test_modules_of_the_standard_library_are_never_imported_for_a_name():
    finder = ClassFinder(["this", "unittest.__main__", "idlelib.idle", "anabranch.__main__", "__main__"])

    for name in ("this.Nothing", "unittest.__main__.Nothing", "idlelib.idle.Nothing", "anabranch.__main__.Nothing"):
        assert finder.find(name) is None
    assert "idlelib.idle" not in sys.modules


def test_a_name_does_not_make_a_module_load_others(module):
    name = module("lazy", "def __getattr__(name): raise SystemExit(name)")
    __import__(name)

    assert ClassFinder().find("lazy.Thing") is None
    assert ClassFinder().find("lazy." + "x." * 100_000 + "Thing") is None


def test_a_class_that_only_the_producer_has_imported_comes_along_also_as_a_key(module):
    name = module("orders_sent", ORDERS)
    __import__(name)
    order = sys.modules[name].Order("n")
    payload, schemas = Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([Row(f"{name}.Order", {"name": "m"})], [order])
    del sys.modules[name]

    key, value = Decoder(LANGUAGE_PYTHON, TypeRegistry()).decode(payload, 2, schemas)

    assert ("Order", "n") == (type(key).__qualname__, key.name)
    assert ("Order", "m") == (type(value).__qualname__, value.name)


def test_the_modules_of_a_program_are_its_own_imports():
    loaded = loaded_modules()

    assert __name__ in loaded
    assert not {"sys", "json", "__main__", "anabranch.records"} & set(loaded)


def test_the_messages_of_protobuf_itself_are_known_without_their_modules():
    script = (
        "from anabranch.records import TypeRegistry; print(TypeRegistry().message_class('google.protobuf.Timestamp')())"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_class_that_cannot_be_brought_to_the_workers_is_refused_where_it_is_registered():
    made = dataclasses.make_dataclass("Locked", ["x"], namespace={"lock": threading.Lock()})
    made.__module__ = "__main__"

    with pytest.raises(JobGraphError, match="Locked cannot be registered: it cannot be serialized for the workers"):
        TypeRegistry().register(made)


def test_a_generic_named_tuple_of_the_main_script_can_be_registered():
    namespace = {"__name__": "__main__"}
    exec(
        "import typing\nT = typing.TypeVar('T')\nclass Pair(typing.NamedTuple, typing.Generic[T]):\n    a: T\n    b: T",
        namespace,
    )
    types = TypeRegistry()
    types.register(namespace["Pair"])

    back = TypeRegistry.from_bindings(types.bindings())

    assert ["a", "b"] == back.fields_of_registered("__main__.Pair")
