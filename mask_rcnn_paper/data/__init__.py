"""Generated datasets in COCO format, their cache and their registration."""
