"""The printed report of a station and of the risks that its watch sees: HTML and PDF."""
