"""Jobs do not meet: each has the classes of its own jars."""

import importlib
import subprocess
import sys

from anabranch import StreamingContext

VERSION = """
package com.acme;

public final class Version {{
  private static int calls;

  private Version() {{}}

  public static String tell(Object value) {{
    return "{version} " + ++calls;
  }}
}}
"""


def jar_of(version: str, directory, api_jar) -> str:
    source = directory / version / "Version.java"
    source.parent.mkdir()
    source.write_text(VERSION.format(version=version))
    classes = directory / version / "classes"
    subprocess.run(["javac", "-cp", str(api_jar), "-d", str(classes), str(source)], check=True, timeout=60)
    return str(classes)


def test_two_jobs_with_different_versions_of_a_class_do_not_meet(tmp_path):
    from tests.jobs.conftest import RUNTIME_JAR

    results, jobs = [], []
    for version in ("one", "two"):
        ctx = StreamingContext.Builder().build().add_jar(jar_of(version, tmp_path, RUNTIME_JAR))
        told = ctx.from_values(1, 2).as_java_stream().map("com.acme.Version::tell").as_python_stream()
        results.append(told.collect())
        jobs.append(ctx.submit(f"version {version}"))
    for job in jobs:
        job.wait(60)

    assert [["one 1", "one 2"], ["two 1", "two 2"]] == [result.get() for result in results]


def test_workers_find_the_modules_that_the_driver_finds_whatever_is_in_its_search_path(tmp_path, monkeypatch):
    directory = tmp_path / "2026-11-30T12:00"
    directory.mkdir()
    (directory / "helpers_of_noon.py").write_text("def twice(n): return 2 * n\n")
    monkeypatch.syspath_prepend(str(directory))
    sys.path.append(tmp_path)  # a Path, which Python passes over
    try:
        helpers = importlib.import_module("helpers_of_noon")

        assert [2, 4] == sorted(
            StreamingContext.Builder().build().from_values(1, 2).map(helpers.twice).execute_and_collect()
        )
    finally:
        sys.path.remove(tmp_path)
