"""The station file: its sites on the ground and its orbiters, as observers."""
