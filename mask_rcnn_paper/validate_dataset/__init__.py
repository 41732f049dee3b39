"""Check data before it is trained on: `python -m mask_rcnn_paper.validate_dataset ANNOTATIONS.json IMAGE_DIR`.

Also `--cityscapes ROOT`. Each rule is in the module of its subject: a `Rule` with its cure and repair, and a function
that yields a `Violation` wherever the rule is broken. `checker.CocoChecker` applies all rules to a file, `checker.fix`
the repairs until none is due. `mask_rcnn_paper.data.validated` does both for training.
"""
