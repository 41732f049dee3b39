"""Cityscapes: labels, folders and format of predictions, and AP by the protocol of its own scripts."""
