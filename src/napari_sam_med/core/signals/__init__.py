"""Signals that reach processes."""
