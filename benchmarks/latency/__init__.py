"""Latency of two crossings, Python -> Java -> Python, at a fixed rate."""
