"""How cost grows with parallelism, record size, operators, keys and state: no step may be worse than linear."""
