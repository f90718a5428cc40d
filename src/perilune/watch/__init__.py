"""The watch: monitoring cycles over the catalogue, and their alerts."""
