"""Orbits from observations: preliminary orbits, ranging, least squares."""
