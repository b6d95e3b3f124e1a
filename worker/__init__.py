"""The worker: makes known what the passing of time changes."""
