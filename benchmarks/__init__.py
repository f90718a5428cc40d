"""Races against the peers, and the reference data that tests and tuning are judged by."""
