"""Observations: their formats, their observers, their errors."""
