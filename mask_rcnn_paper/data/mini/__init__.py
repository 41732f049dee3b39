"""Procedurally drawn scenes in COCO format."""
