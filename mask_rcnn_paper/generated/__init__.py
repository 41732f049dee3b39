"""Drawn scenes in COCO's format, the data of the reduced scales: drawers, writers, cache, registration."""
