"""Helpers that no model needs to know about."""
