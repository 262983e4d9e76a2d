"""A protobuf message of one's own as the record type of both languages.

`trade.proto` is compiled twice: by Maven for the Java operator, and here, into a directory of the job's own.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from grpc_tools import protoc

from anabranch import JavaFunction, StreamingContext

HERE = Path(__file__).parent
PROTO = HERE / "src" / "main" / "proto"


def compile_proto(directory: str) -> Any:
    """Generates the Python code of trade.proto and returns its module."""
    if protoc.main(["protoc", f"-I{PROTO}", f"--python_out={directory}", str(PROTO / "acme" / "trade.proto")]) != 0:
        raise RuntimeError("trade.proto cannot be compiled")
    sys.path.insert(0, directory)
    return importlib.import_module("acme.trade_pb2")


def total(trade: Any) -> tuple[str, int, list[str]]:
    """Returns what a trade costs, in cents."""
    return trade.symbol, trade.quantity * trade.price, list(trade.notes)


def main() -> None:
    """Runs the job and prints its result."""
    with tempfile.TemporaryDirectory() as directory:
        trade_pb2 = compile_proto(directory)
        trades = [
            trade_pb2.Trade(symbol="ANA", quantity=10, price=250),
            trade_pb2.Trade(symbol="RAY", quantity=3, price=999, notes=["odd lot"]),
        ]
        ctx = StreamingContext.Builder().build()
        ctx.add_jar(HERE / "target" / "trades.jar").add_python_path(directory)
        # The message keeps its own full name; what is named here is the Java class that stands for it.
        ctx.register_type(trade_pb2.Trade, "com.acme.Trade")
        (
            ctx.from_collection(trades)
            .as_java_stream()
            .map(JavaFunction("com.acme.AddFee", 1))
            .as_python_stream()
            .map(total)
            .sink(print)
        )
        ctx.execute("trades")


if __name__ == "__main__":
    main()
