"""Word count: flat_map, map, key_by, reduce, sink, with each part in either language."""
