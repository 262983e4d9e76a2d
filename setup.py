"""Build steps that pyproject.toml cannot express: the contract's code, the native codec, the jar of the Java runtime.

A wheel or a source distribution is complete or is not made: it never silently lacks the jar or the codec.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import Command, Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
from setuptools.errors import CCompilerError, ExecError, PlatformError, SetupError

ROOT = Path(__file__).parent
PROTO = ROOT / "proto"
NATIVE = Path("python/anabranch/records/native")
RUNTIME_JAR = Path("python/anabranch/jars/anabranch-runtime.jar")
# Also looked at when the package runs: it then does not use the native codec that it has.
PURE_PYTHON = "ANABRANCH_PURE_PYTHON"


class BuildProto(Command):
    """Generates `anabranch.v1` from proto/anabranch/v1/*.proto."""

    description = "generate the Python code of the protobuf contract"
    user_options = []  # noqa: RUF012 - the type that setuptools asks for
    build_lib: str | None
    editable_mode: bool

    def initialize_options(self) -> None:
        self.build_lib = None
        self.editable_mode = False

    def finalize_options(self) -> None:
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        from grpc_tools import protoc  # noqa: PLC0415 - a build requirement only

        out = ROOT / "python" if self.editable_mode else Path(self.build_lib or "build")
        out.mkdir(parents=True, exist_ok=True)
        files = sorted(str(path) for path in PROTO.glob("anabranch/v1/*.proto"))
        code = protoc.main(
            ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}", *files]
        )
        if code != 0:
            raise RuntimeError(f"protoc failed with exit code {code}")
        (out / "anabranch" / "v1" / "__init__.py").write_text('"""Generated from proto/anabranch/v1."""\n')

    def get_source_files(self) -> list[str]:
        return [str(path.relative_to(ROOT)) for path in PROTO.glob("anabranch/v1/*.proto")]

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class BuildJar(Command):
    """Has `make` build the jar of the Java runtime if it is missing or older than its sources."""

    description = "build the jar of the Java runtime"
    user_options = []  # noqa: RUF012 - the type that setuptools asks for
    editable_mode: bool

    def initialize_options(self) -> None:
        self.editable_mode = False

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        if self.editable_mode:
            return  # `make setup` builds it on its own
        if (ROOT / "PKG-INFO").is_file() and (ROOT / RUNTIME_JAR).is_file():
            return  # a source distribution brings it along, so that it can be built without Maven
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        try:
            made = subprocess.run(
                ["make", "--silent", "--no-print-directory", str(RUNTIME_JAR)],  # noqa: S607 - the user's make
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except OSError as error:
            raise SetupError(f"the jar of the Java runtime was not built: cannot run make: {error}") from error
        if made.returncode != 0:
            problem = "\n".join(line for line in made.stdout.splitlines() if not line.startswith("make: ***"))
            raise SetupError(f"the jar of the Java runtime was not built: {problem}")

    def get_source_files(self) -> list[str]:
        return []

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class BuildNative(build_ext):
    """Compiles the native codec; only an editable installation does without a compiler."""

    def run(self) -> None:
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError) as error:
            problem = f"the record codec in C could not be compiled ({error})"
            if not self.editable_mode:
                raise SetupError(
                    f"{problem}: install a C compiler and Python's header files, or set {PURE_PYTHON}=1 for a wheel "
                    "without it, in which records are encoded more slowly"
                ) from error
            self.warn(f"{problem}; records go through the slower codec in Python")


class Build(build):
    """Builds in a fresh directory: what an earlier build has left in `build` would go into the wheel."""

    sub_commands = [("build_proto", None), ("build_jar", None), *build.sub_commands]  # noqa: RUF012 - as in the base

    def finalize_options(self) -> None:
        if self.build_base == "build":
            self.build_base = tempfile.mkdtemp(prefix="anabranch-build-")
            atexit.register(shutil.rmtree, self.build_base, ignore_errors=True)
        super().finalize_options()


class SourceDistribution(sdist):
    """Brings the jar along, and the sources that it is built from."""

    def run(self) -> None:
        self.run_command("build_jar")
        super().run()


native_codec = Extension(
    "anabranch.records._native",
    sources=sorted(str(NATIVE / path.name) for path in (ROOT / NATIVE).glob("*.c")),
    depends=sorted(str(NATIVE / path.name) for path in (ROOT / NATIVE).glob("*.h")),
)

setup(
    cmdclass={
        "build": Build,
        "build_ext": BuildNative,
        "build_jar": BuildJar,
        "build_proto": BuildProto,
        "sdist": SourceDistribution,
    },
    ext_modules=[] if os.environ.get(PURE_PYTHON) == "1" else [native_codec],
)
