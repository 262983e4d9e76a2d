"""How fast it is. `make bench` runs everything; `python -m benchmarks crossing --rounds 9` one of them."""
