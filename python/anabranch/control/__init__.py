"""What connections of the control plane have in common: how they are made, and who may use them."""
