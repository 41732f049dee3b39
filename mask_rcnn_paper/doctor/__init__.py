"""What this machine has, what it lacks, and the cure: `python -m mask_rcnn_paper.doctor`.

Modules of this package import only the standard library at their top: what is reported as missing cannot be needed for
the report.
"""
