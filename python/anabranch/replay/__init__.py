"""What lets a new incarnation of a task do the same again: determinants, sent frames, and the way through them."""
