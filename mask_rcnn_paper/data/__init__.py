"""Datasets of a run: those that are registered, the user's own, and whether they are valid."""
