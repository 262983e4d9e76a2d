"""The smallest job of each system: one record, in upper case; as short as its users would write it."""
