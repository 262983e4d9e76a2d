"""PyFlink."""
