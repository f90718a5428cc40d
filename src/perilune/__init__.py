"""Perilune: design, watch and plan for a joint lunar research station."""

__version__ = "0.1.0"
