"""What goes over a socket: addresses, handshakes, frames, demand and logs."""
