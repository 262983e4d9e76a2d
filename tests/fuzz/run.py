"""Fuzzes the codec for some time, native against pure Python, then the whole corpus against Java.

make fuzz
make fuzz MINUTES=30

The first time it makes an environment of its own with atheris in it, and builds the C codec with clang's address and
undefined-behaviour sanitizers and with coverage. What is new in coverage is minimised and goes to tests/fuzz/corpus;
the ordinary tests replay that.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.fuzz import corpus, java  # noqa: E402

WORK = ROOT / ".make" / "fuzz"
SOURCES = ROOT / "python" / "anabranch" / "records" / "native"
SANITIZERS = "-fsanitize=address,undefined,fuzzer-no-link"
TARGETS = ("decode", "encode")
# Of an input, at most; values made of longer ones only take longer.
MAX_LENGTH = {"decode": 4096, "encode": 128}
KEPT_LENGTH = 1100  # so that there are lists longer than what is preallocated, see corpus.py


def environment() -> Path:
    """Returns the Python of an environment that has all of this one, and atheris."""
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        print("==> installing atheris into an environment of its own", flush=True)
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "atheris>=2.3"]
        subprocess.run(pip, check=True)
        site = Path(next((WORK / "venv" / "lib").iterdir())) / "site-packages"
        (site / "project.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT / 'python'}\n")
    return python


def build() -> Path:
    """Returns the instrumented codec."""
    clang = os.environ.get("CLANG") or shutil.which("clang")
    if clang is None:
        sys.exit("fuzzing needs clang (a package of that name), or its path in CLANG")
    library = WORK / "_native.so"
    files = sorted(str(path) for path in SOURCES.glob("*.c"))
    flags = ["-g", "-O1", "-fno-omit-frame-pointer", SANITIZERS, "-fno-sanitize-recover=undefined"]
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run([clang, *flags, "-shared", "-fPIC", include, *files, "-o", str(library)], check=True)
    return library


def preloaded(python: Path) -> str:
    """Returns the runtime of the sanitizers that atheris brings along."""
    return str(next((python.parents[1] / "lib").glob("python*/site-packages/asan_with_fuzzer.so")))


def fuzzer(python: Path, library: Path, target: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Returns the command of libFuzzer and its environment."""
    launcher = WORK / f"fuzz-{target}"
    launcher.write_text(f'#!/bin/sh\nexec "{python}" -m tests.fuzz.target {target} "$@"\n')
    launcher.chmod(0o755)
    variables = {
        **os.environ,
        "ANABRANCH_FUZZ_SELF": str(launcher),
        "LD_PRELOAD": preloaded(python),
        "ANABRANCH_FUZZ_NATIVE": str(library),
        "PYTHONMALLOC": "malloc",  # so that the sanitizer sees the interpreter's blocks
        "PYTHONPATH": str(ROOT),
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    return [str(launcher), *arguments], variables


def fuzz(python: Path, library: Path, target: str, seconds: int) -> bool:
    """Runs one target and takes what it found into the corpus; returns whether it found nothing wrong."""
    with tempfile.TemporaryDirectory(dir=WORK) as temporary:
        found, minimised, findings = Path(temporary) / "found", Path(temporary) / "minimised", WORK / "findings"
        findings.mkdir(exist_ok=True)
        minimised.mkdir()
        known = [bytes.fromhex(entry["input"]) for entry in corpus.load(target)]
        corpus.unpack(known + (corpus.seeds() if target == "decode" else [b"\0"]), found)
        options = [
            f"-max_len={MAX_LENGTH[target]}",
            "-timeout=20",
            f"-artifact_prefix={findings}/{target}-",
            "-rss_limit_mb=4096",
            "-entropic_scale_per_exec_time=1",  # what runs long is chosen less often
        ]
        command, variables = fuzzer(
            python, library, target, *options, f"-max_total_time={seconds}", "-print_final_stats=1", str(found)
        )
        run = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
        report(target, run.stderr, seconds)
        if run.returncode != 0:
            print(run.stdout[-3000:] + run.stderr[-5000:], flush=True)
        merge = [f"-max_len={KEPT_LENGTH}", f"-artifact_prefix={temporary}/", "-set_cover_merge=1"]
        command, variables = fuzzer(python, library, target, *merge, str(minimised), str(found))
        merged = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
        if merged.returncode == 0:
            inputs = corpus.pack(minimised)
            kept = {data.hex() for data in inputs}
            corpus.save(target, [{"input": data} for data in kept])
    return run.returncode == 0


def lines() -> str:
    """Returns how many lines of the C code the corpus reaches, by gcov; `unknown` without gcc."""
    gcc, gcov = shutil.which("gcc"), shutil.which("gcov")
    if gcc is None or gcov is None:
        return "unknown"
    with tempfile.TemporaryDirectory(dir=WORK) as directory:
        files = sorted(str(path) for path in SOURCES.glob("*.c"))
        flags = ["--coverage", "-O0", "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}"]
        subprocess.run([gcc, *flags, *files, "-o", "_native.so"], check=True, cwd=directory)
        variables = {**os.environ, "ANABRANCH_FUZZ_NATIVE": f"{directory}/_native.so", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "tests.fuzz.replay"], check=True, cwd=ROOT, env=variables)
        counts = sorted(str(path) for path in Path(directory).glob("*.gcda"))
        said = subprocess.run([gcov, "-n", *counts], capture_output=True, text=True, check=True, cwd=directory).stdout
    found = re.findall(r"File '.*?/(\w+\.c)'\nLines executed:([\d.]+% of \d+)", said)
    return ", ".join(f"{name} {executed}" for name, executed in found)


def report(target: str, log: str, seconds: int) -> None:
    """Prints executions and coverage."""
    counters = sum(int(n) for n in re.findall(r"Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)", log))
    executions = re.findall(r"number_of_executed_units:\s*(\d+)", log) or re.findall(r"#(\d+)\s", log) or ["0"]
    covered = re.findall(r"cov: (\d+)", log) or ["?"]
    features = re.findall(r"ft: (\d+)", log) or ["?"]
    print(
        f"{target}: {executions[-1]} executions in {seconds} s, "
        f"{covered[-1]} of {counters} edges of the C code, {features[-1]} features",
        flush=True,
    )


def main() -> None:
    """Runs all targets one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--target", choices=TARGETS, action="append")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    python, library = environment(), build()
    targets = arguments.target or list(TARGETS)
    started = time.monotonic()
    clean = [fuzz(python, library, target, round(arguments.minutes * 60 / len(targets))) for target in targets]
    differences = java.compare(WORK)
    print(f"lines of the C code that the corpus reaches: {lines()}", flush=True)
    print(f"{time.monotonic() - started:.0f} s; findings: {clean.count(False)} in Python, {differences} against Java")
    sys.exit(0 if all(clean) and not differences else 1)


if __name__ == "__main__":
    main()
