"""Where the planets, the Moon and the massive asteroids are."""

from perilune.ephemeris.ephemeris import MAJOR_BODIES, Ephemeris, de440_path, planets

__all__ = ["MAJOR_BODIES", "Ephemeris", "de440_path", "planets"]
