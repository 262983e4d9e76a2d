"""Coverage-guided fuzzing of the record codec: `make fuzz`.

What it finds stays in corpus/ and is replayed by the tests of both languages.
"""
