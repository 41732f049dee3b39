"""Pre-train the backbone of a row on drawn objects.

python -m mask_rcnn_paper.pretrain --config-file configs/table2b/softmax.yaml --scale mini [KEY VALUE ...]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mask_rcnn_paper.config_checks import check_config
from mask_rcnn_paper.config_files import WHOLE_SCALES
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import disk_full_explained
from mask_rcnn_paper.imports import add_import_option, import_components
from mask_rcnn_paper.pretrain.classifier import pretrain
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import DEFAULT_OUTPUT, PRETRAINED_WEIGHTS, fall_back_to_cpu, pretrain_output
from mask_rcnn_paper.terminal import escape_logs, parse_words, say
from mask_rcnn_paper.training.precision import settle_precision
from mask_rcnn_paper.training.weights import UnfitWeightsError


def main(argv: Sequence[str] | None = None) -> dict:
    """Run the command line; bad input ends in one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="mask_rcnn_paper.pretrain", description=__doc__.splitlines()[0])
    parser.add_argument("--config-file", required=True, help="YAML of a row")
    parser.add_argument("--scale", default="mini", help="mini or smoke; the others use ImageNet's weights")
    add_import_option(parser)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in OUTPUT_DIR, if any")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="KEY VALUE pairs that override the config")
    arguments = parse_words(parser, argv)
    escape_logs()
    with one_line_errors(parser.prog):
        if arguments.scale in WHOLE_SCALES:
            raise ValueError(f"--scale {arguments.scale}: choose from mini, smoke; it starts from ImageNet's weights")
        import_components(arguments.imports)
        cfg = load_cfg(arguments.config_file, arguments.scale, arguments.opts)
        check_config(cfg)
        if cfg.OUTPUT_DIR == DEFAULT_OUTPUT:
            cfg.OUTPUT_DIR = str(pretrain_output(cfg))
        fall_back_to_cpu(cfg)
        settle_precision(cfg)
    with one_line_errors(parser.prog, OSError, UnfitWeightsError), disk_full_explained(cfg.OUTPUT_DIR):
        result = pretrain(cfg, arguments.resume)
    accuracy = result["metrics"]["classification"]["accuracy"]
    say(f"accuracy on held-out crops: {accuracy:.1f} %; weights in {Path(cfg.OUTPUT_DIR) / PRETRAINED_WEIGHTS}")
    return result


if __name__ == "__main__":
    main()
