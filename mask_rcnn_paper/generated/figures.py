"""People with COCO's 17 keypoints, and the things that stand around them."""

import numpy as np

from mask_rcnn_paper.coco.keypoints import KEYPOINT_NAMES
from mask_rcnn_paper.generated.shapes import Drawing, arc, random_colour, shade

_SKIN = ((150, 190, 235), (110, 150, 205), (60, 95, 150), (40, 60, 95))


def _step(start: np.ndarray, length: float, degrees: float) -> np.ndarray:
    """Return the end of a limb; 0 degrees hangs down, positive swings to the right of the image."""
    return start + length * np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])


def _pose(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw joint positions of a figure of height 1 that faces the viewer: its left is the image's right."""
    half_shoulder, half_hip = rng.uniform(0.085, 0.11), rng.uniform(0.055, 0.07)
    torso = rng.uniform(0.27, 0.31)
    lean = np.array([rng.uniform(-0.06, 0.06), 0.0])
    joints: dict[str, np.ndarray] = {"neck": lean, "head": lean + (rng.uniform(-0.015, 0.015), -0.125)}
    face = joints["head"] + (rng.uniform(-0.018, 0.018), 0.0)
    joints["nose"] = face + (0, 0.012)
    seated = rng.random() < 0.15
    for side, sign in (("left", 1.0), ("right", -1.0)):
        joints[f"{side}_eye"] = face + (sign * 0.026, -0.012)
        joints[f"{side}_ear"] = joints["head"] + (sign * 0.062, 0.002)
        shoulder = joints[f"{side}_shoulder"] = lean + (sign * half_shoulder, 0.02)
        raised = rng.uniform(100, 165) if rng.random() < 0.25 else rng.uniform(2, 70)
        elbow = joints[f"{side}_elbow"] = _step(shoulder, rng.uniform(0.15, 0.18), sign * raised)
        joints[f"{side}_wrist"] = _step(elbow, rng.uniform(0.13, 0.16), sign * (raised + rng.uniform(-110, 30)))
        hip = joints[f"{side}_hip"] = np.array([sign * half_hip, torso])
        spread = rng.uniform(-4, 32) if not seated else rng.uniform(40, 80)
        knee = joints[f"{side}_knee"] = _step(hip, rng.uniform(0.2, 0.23), sign * spread)
        bend = rng.uniform(-45, 8) if not seated else rng.uniform(-90, -50)
        joints[f"{side}_ankle"] = _step(knee, rng.uniform(0.2, 0.23), sign * (spread + bend))
    return joints


def draw_person(rng: np.random.Generator) -> Drawing:
    """Draw an articulated figure that faces the viewer, with its keypoints in COCO's order."""
    d, at = Drawing(), _pose(rng)
    skin, hair = _SKIN[rng.integers(len(_SKIN))], random_colour(rng, 10, 140)
    shirt, trousers, shoe = random_colour(rng), random_colour(rng), random_colour(rng, 10, 200)
    sleeve = shirt if rng.random() < 0.6 else skin
    arm, leg = rng.uniform(0.09, 0.125), rng.uniform(0.12, 0.165)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle = at[f"{side}_hip"], at[f"{side}_knee"], at[f"{side}_ankle"]
        d.stroke([ankle, ankle + (sign * 0.045, 0.03)], 0.08, shoe)
        d.stroke([hip, knee, ankle], leg, shade(trousers, 0.9 if sign > 0 else 1.05))
    torso = [at["left_shoulder"], at["left_hip"] + (0.03, 0.02), at["right_hip"] + (-0.03, 0.02), at["right_shoulder"]]
    d.polygon([*torso, at["neck"] + (0, -0.02)], shirt, 1)
    if rng.random() < 0.3:  # a skirt or a long coat
        hem = (at["left_knee"] + at["right_knee"]) / 2 - (0, rng.uniform(0, 0.12))
        d.polygon([torso[1], hem + (0.13, 0), hem - (0.13, 0), torso[2]], shade(shirt, 0.8))
    d.stroke([at["neck"] + (0, 0.01), at["head"]], 0.055, shade(skin, 0.9))
    for side in ("left", "right"):
        shoulder, elbow, wrist = at[f"{side}_shoulder"], at[f"{side}_elbow"], at[f"{side}_wrist"]
        d.stroke([elbow, wrist], arm * 0.85, skin if sleeve is skin else shade(sleeve, 0.85))
        d.stroke([shoulder, elbow], arm, shade(shirt, 0.85))
        d.ellipse(*wrist, arm * 0.55, arm * 0.55, skin)
    _draw_head(d, rng, at, skin, hair)
    d.keypoints = np.stack([at[name] for name in KEYPOINT_NAMES])
    return d


def _draw_head(d: Drawing, rng: np.random.Generator, at: dict[str, np.ndarray], skin: tuple, hair: tuple) -> None:
    x, y = at["head"]
    if rng.random() < 0.35:
        d.polygon(arc(x, y + 0.01, 0.085, 0.12), hair)
    for side in ("left", "right"):
        d.ellipse(*at[f"{side}_ear"], 0.017, 0.022, shade(skin, 0.85))
    d.ellipse(x, y, 0.062, 0.08, skin)
    d.polygon(arc(x, y - 0.018, 0.07, 0.078, 185, 355, 14), hair)
    if rng.random() < 0.25:  # a brimmed hat
        d.stroke([(x - 0.1, y - 0.035), (x + 0.1, y - 0.035)], 0.025, hair)
    for side in ("left", "right"):
        d.ellipse(*at[f"{side}_eye"], 0.012, 0.012, (20, 20, 20))
    d.ellipse(*at["nose"], 0.009, 0.016, shade(skin, 0.65))
    d.stroke([at["nose"] + (-0.02, 0.033), at["nose"] + (0.02, 0.033)], 0.01, (60, 50, 150))


def draw_umbrella(rng: np.random.Generator) -> Drawing:
    """Draw an open umbrella: canopy with a scalloped rim, thin stick, hooked handle."""
    d, cloth, other = Drawing(), random_colour(rng), random_colour(rng)
    ribs, height = int(rng.integers(4, 7)), rng.uniform(0.6, 0.9)
    stick, stem = rng.uniform(0.75, 1.05), random_colour(rng, 10, 160)
    d.stroke([(0, -height - 0.1), (0, stick)], 0.05, stem)
    d.stroke(arc(-0.13, stick, 0.13, 0.13, 0, 180, 10), 0.06, stem)
    edges = np.linspace(-1, 1, ribs + 1)
    striped = rng.random() < 0.6
    for number, (x1, x2) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        left = [(x1 * np.sin(t), -height * np.cos(t)) for t in np.linspace(0.1, np.pi / 2, 9)]
        right = [(x2 * np.sin(t), -height * np.cos(t)) for t in np.linspace(np.pi / 2, 0.1, 9)]
        scallop = arc((x1 + x2) / 2, 0, (x2 - x1) / 2, 0.12, 180, 359, 8)
        colour = other if striped and number % 2 else shade(cloth, 0.8 + 0.08 * number)
        d.polygon([(0, -height), *left, *scallop, *right], colour)
    return d


def draw_cup(rng: np.random.Generator) -> Drawing:
    """Draw a cup with an open rim and a ring handle, on a saucer or not."""
    d, glaze = Drawing(), random_colour(rng)
    top, bottom, height = rng.uniform(0.36, 0.48), rng.uniform(0.22, 0.36), rng.uniform(0.7, 1.05)
    d.ring(top * 0.95 + 0.06, -height * 0.52, rng.uniform(0.17, 0.23), height * 0.24, 0.1, shade(glaze, 0.85))
    if rng.random() < 0.4:
        d.ellipse(0, 0.03, bottom + 0.3, 0.09, shade(glaze, 0.9))
    foot = [(bottom, -0.06), (bottom * 0.8, 0.03), (-bottom * 0.8, 0.03), (-bottom, -0.06)]
    d.polygon([(-top, -height), (top, -height), *foot], glaze)
    y = -rng.uniform(0.3, 0.6) * height
    band = [(-bottom - 0.02, y), (bottom + 0.02, y), (bottom, y + 0.14), (-bottom, y + 0.14)]
    d.polygon(band, random_colour(rng))
    d.ellipse(0, -height, top, 0.11, shade(glaze, 1.2))
    d.ellipse(0, -height + 0.01, top - 0.06, 0.075, random_colour(rng, 10, 120))
    if rng.random() < 0.3:
        d.stroke([(0.05, -height), (0.3, -height - 0.4)], 0.05, random_colour(rng))
    return d
