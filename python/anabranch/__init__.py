"""Anabranch: a streaming engine in which Python and Java operators share one job."""
