"""Packaging: the plugin, its embedded core, the configs and the ablation runner."""

import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "mask_rcnn_paper" / "__init__.py").read_text()).group(1)

setup(
    name="mask_rcnn_paper",
    version=VERSION,
    description="The experiments of the Mask R-CNN paper as a detectron2 plugin",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    # configs/ stays at the top of the checkout, where readers look for it, and goes inside the package when installed.
    packages=[*find_namespace_packages(include=["mask_rcnn_paper*", "ablations*"]), "mask_rcnn_paper.configs"],
    package_dir={"mask_rcnn_paper.configs": "configs"},
    package_data={
        "mask_rcnn_paper.configs": ["*.yaml", "*/*.yaml"],
        "ablations": [
            "paper/*.yaml",
            "*/templates/*",
            "results/*/README.md",
            "results/*/*/*.json",
            "results/*/*/*.npz",
        ],
    },
    py_modules=["train_net"],
    # detectron2 is on no package index and must not be listed: an installed one is used, else the embedded core.
    # Lower bounds are versions the tests were run with.
    install_requires=[
        "torch>=2.6",
        "torchvision>=0.21",
        "numpy>=1.26",
        "cityscapesscripts>=2.2",
        "fonttools>=4.53",
        "fvcore>=0.1.5.post20221221",
        "hotcoco>=1.3",
        "iopath>=0.1.9",
        "jinja2>=3.1",
        "markupsafe>=2.1",
        "matplotlib>=3.9",
        "packaging>=23.0",
        "pycocotools>=2.0.8",
        "opencv-python-headless>=4.10",
        "pillow>=10.1",
        "pydantic>=2.10",
        "pyyaml>=6.0",
        "scipy>=1.13",
        "scour>=0.38",
        "tabulate>=0.10",
        "termcolor>=2.4",
        "tensorboard>=2.19",
        "tqdm>=4.66",
    ],
    extras_require={"dev": ["pytest>=9.0", "ruff>=0.9", "submitit>=1.5"], "slurm": ["submitit>=1.5"]},
)
