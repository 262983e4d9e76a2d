"""The input of a task: its channels, and the gate that takes from them."""
