"""`python -m mask_rcnn_paper.distill`; see command.py, which processes that it starts can import."""

from mask_rcnn_paper.distill.command import run

if __name__ == "__main__":
    run()
