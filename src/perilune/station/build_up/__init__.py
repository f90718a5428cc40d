"""Build-up: launchers, landers and crews, and the manifest that brings a station to its place."""
