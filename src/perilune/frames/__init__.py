"""Reference frames: ICRF, ecliptic J2000, Earth-fixed (ITRS), Moon-fixed (PA and ME)."""
