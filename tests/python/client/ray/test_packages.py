"""Code on its way to a cluster."""

import sys
import types
import zipfile
from io import BytesIO

import pytest

from anabranch.client.ray.packages import package
from anabranch.client.ray.registry import JobRegistry
from anabranch.launch.ray import nodes
from anabranch.v1.graph_pb2 import Artifact, JobGraph


@pytest.fixture
def graph(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    (tmp_path / "modules" / "sub").mkdir(parents=True)
    (tmp_path / "modules" / "one.py").write_text("x = 1")
    (tmp_path / "modules" / "sub" / "data.txt").write_text("data")
    (tmp_path / "operators.jar").write_bytes(b"a jar")
    graph = JobGraph()
    graph.artifacts.add(kind=Artifact.KIND_PYTHON, path=str(tmp_path / "modules"))
    graph.artifacts.add(kind=Artifact.KIND_JAVA, path=str(tmp_path / "operators.jar"))
    return graph


def test_artifacts_lose_their_paths_and_get_the_hash_of_their_content(graph):
    contents = package(graph)

    assert [artifact.path for artifact in graph.artifacts] == ["", ""]
    assert [contents[artifact.content_hash][0] for artifact in graph.artifacts] == ["modules/", "operators.jar"]
    zipped = zipfile.ZipFile(BytesIO(contents[graph.artifacts[0].content_hash][1]))
    assert sorted(zipped.namelist()) == ["one.py", "sub/data.txt"]


def test_the_same_files_always_make_the_same_package(graph, tmp_path):
    other = JobGraph()
    other.CopyFrom(graph)
    package(graph)
    (tmp_path / "modules" / "one.py").touch()
    package(other)

    assert graph == other


def test_the_modules_beside_the_main_script_come_along(graph, tmp_path, monkeypatch):
    main = types.ModuleType("__main__")
    main.__file__ = str(tmp_path / "modules" / "one.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "modules"), *sys.path])

    contents = package(graph)

    assert len(graph.artifacts) == 3
    zipped = zipfile.ZipFile(BytesIO(contents[graph.artifacts[2].content_hash][1]))
    assert zipped.namelist() == ["one.py"]


def test_packages_are_unpacked_once_on_each_host_and_removed(graph, tmp_path):
    contents = package(graph)
    packages = [(each, name, content) for each, (name, content) in contents.items()]
    directory = str(tmp_path / "job")

    nodes.set_up(directory, packages)
    nodes.set_up(directory, packages)

    places = [nodes.place_of(directory, each, name) for each, (name, _) in contents.items()]
    assert (places[0] / "sub" / "data.txt").read_text() == "data"
    assert places[1].read_bytes() == b"a jar"
    nodes.clean_up(directory)
    assert not (tmp_path / "job").exists()


def test_packages_that_are_not_what_the_driver_has_packed_are_refused(graph, tmp_path):
    (content_hash, (name, content)) = next(iter(package(graph).items()))

    with pytest.raises(ValueError, match=f"SHA-256 is not {content_hash}"):
        nodes.set_up(str(tmp_path / "job"), [(content_hash, name, content + b"?")])
    with pytest.raises(ValueError, match=f"SHA-256 is not {content_hash}"):
        JobRegistry().add_package(content_hash, content + b"?")


def test_code_that_somebody_else_has_put_in_its_place_is_not_loaded(graph, tmp_path):
    packages = [(each, name, content) for each, (name, content) in package(graph).items()]
    directory = str(tmp_path / "job")
    nodes.set_up(directory, packages)
    places = [nodes.place_of(directory, each, name) for each, name, _ in packages]
    places[1].write_bytes(b"an evil jar")
    (places[0] / "one.py").write_text("evil = 1")

    with pytest.raises(OSError, match="not empty"):
        nodes.set_up(directory, packages)
    nodes.set_up(directory, packages[1:])

    assert places[1].read_bytes() == b"a jar"


def test_a_directory_that_others_may_enter_is_not_used_for_code(graph, tmp_path):
    (tmp_path / "job").mkdir(mode=0o755)
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")

    for name in ("job", "link"):
        with pytest.raises(OSError, match=r"open to other users|is a link"):
            nodes.set_up(str(tmp_path / name), [])
