"""The station's orbits: carried into the real ephemeris, kept there, lit and shadowed."""
