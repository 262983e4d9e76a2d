"""Flink in Java: how its programs are started."""

from __future__ import annotations

_TARGET = "benchmarks/peers/flink-java/target"
JAR = f"{_TARGET}/flink-java-all.jar"
# Only our classes, for PyFlink, which brings Flink.
CLASSES = f"{_TARGET}/flink-java.jar"
# What Flink's own scripts open for it on a JDK 17.
_OPENS = (
    "java.lang",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.net",
    "java.io",
    "java.nio",
)


def command(main: str, *arguments: str) -> list[str]:
    """Returns the command that runs a main class in a mini cluster of one process."""
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENS]
    return ["java", *opens, "-cp", JAR, f"com.acme.flink.{main}", *arguments]
