"""Widgets of "SAM Benchmark": signals out, setters in; they know values, not runs."""
