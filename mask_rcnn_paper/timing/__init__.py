"""Times of models on this machine: at test by part, and of a training step. Paper: Section 4.4."""
