"""`python -m mask_rcnn_paper.doctor`."""

import sys

from mask_rcnn_paper.doctor import main

if __name__ == "__main__":
    sys.exit(main())
