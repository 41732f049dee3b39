"""Times of this project's parts beside those of detectron2 and torchvision, in one run, as ratios."""
