"""The command line: one module a command. `perilune.cli.main` is its door."""
