"""What the peers need: orbits read without Perilune's own code, and each peer's fastest calls."""
