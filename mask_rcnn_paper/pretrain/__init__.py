"""The stand-in for ImageNet at reduced scales: a backbone pre-trained as a classifier of drawn objects."""
