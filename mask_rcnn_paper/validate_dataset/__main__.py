"""`python -m mask_rcnn_paper.validate_dataset`."""

import sys

from mask_rcnn_paper.validate_dataset.cli import main

if __name__ == "__main__":
    sys.exit(main())
