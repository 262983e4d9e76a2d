"""The Ray launcher: every worker is an actor, of a cluster that is there or of one that is started here."""
