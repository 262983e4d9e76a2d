"""The licence, and the notices of what the runtime jar contains."""

import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from anabranch.launch.java import runtime_jar

ROOT = Path(__file__).parents[2]

# Where the classes of a library lie in the jar, and the library's name in NOTICE.
LIBRARIES = {
    "org/anabranch/shaded/com/google/common/": "Guava",
    "org/anabranch/shaded/com/google/thirdparty/": "Guava",
    "org/anabranch/shaded/com/google/protobuf/": "Protocol Buffers",
    "org/anabranch/shaded/io/grpc/": "gRPC Java",
    "org/anabranch/shaded/io/perfmark/": "PerfMark",
    "org/anabranch/shaded/okio/": "Okio",
    "org/anabranch/shaded/kotlin/": "Kotlin stdlib",
    "org/anabranch/shaded/org/objenesis/": "Objenesis",
    "org/anabranch/shaded/org/apache/commons/codec/": "Apache Commons Codec",
    "py4j/": "Py4J",
}


def test_the_notice_names_every_library_of_the_runtime_jar():
    notice = (ROOT / "NOTICE").read_text()
    with zipfile.ZipFile(runtime_jar()) as jar:
        classes = [name.removeprefix("META-INF/versions/9/") for name in jar.namelist() if name.endswith(".class")]
    foreign = [name for name in classes if not name.startswith(("org/anabranch/", "META-INF/"))]
    foreign += [name for name in classes if name.startswith("org/anabranch/shaded/")]

    assert [name for name in foreign if not name.startswith(tuple(LIBRARIES))] == []
    assert [library for library in LIBRARIES.values() if library not in notice] == []


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "licenses/protobuf.txt", "licenses/py4j.txt"])
def test_the_package_brings_its_licence_and_those_of_what_it_contains(name):
    package = metadata.distribution("anabranch")

    assert package.metadata["License-Expression"] == "Apache-2.0"
    assert name in package.metadata.get_all("License-File")
