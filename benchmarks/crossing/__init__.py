"""To the other language and back: what it costs to hand a record to the other language and to get it back."""
