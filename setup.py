"""Build steps that pyproject.toml cannot express: Python code for the contract in proto/, the native codec."""

from __future__ import annotations

from pathlib import Path

from setuptools import Command, Extension, setup
from setuptools.command.build import build

ROOT = Path(__file__).parent
PROTO = ROOT / "proto"
NATIVE = Path("python/anabranch/records/native")


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


native_codec = Extension(
    "anabranch.records._native",
    sources=sorted(str(NATIVE / path.name) for path in (ROOT / NATIVE).glob("*.c")),
    depends=sorted(str(NATIVE / path.name) for path in (ROOT / NATIVE).glob("*.h")),
    optional=True,  # without a compiler the codec in pure Python does the same, more slowly
)

build.sub_commands.insert(0, ("build_proto", None))
setup(cmdclass={"build_proto": BuildProto}, ext_modules=[native_codec])
