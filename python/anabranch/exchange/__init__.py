"""The data plane: frames between tasks over sockets (docs/design/001-data-plane.md)."""
