"""Cityscapes: its labels, folders and format of predictions, and the protocol of its own scripts (cityscapesscripts)."""
