"""Exact and published results against the engine: `python -m validation`."""
