"""How fast the service is, and beside what: `make bench`, or `python -m benchmarks --help` for parts of it."""
