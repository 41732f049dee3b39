"""`python -m ablations predict`: the detections of a trained row in anybody's images."""
