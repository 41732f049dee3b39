"""Animals: a dog with thin legs, and two that are nearly all body."""

import numpy as np

from mask_rcnn_paper.generated.shapes import Drawing, arc, random_colour, shade


def draw_dog(rng: np.random.Generator) -> Drawing:
    """Draw a dog from the side: four legs with gaps, a tail, a snout and an ear."""
    d, coat = Drawing(), random_colour(rng)
    spot, dark = random_colour(rng), shade(coat, 0.75)
    body, height, leg = rng.uniform(0.75, 1.05), rng.uniform(0.17, 0.23), rng.uniform(0.28, 0.46)
    thick = rng.uniform(0.14, 0.18)
    for near, colour in ((0.0, dark), (0.1, coat)):
        for x in (-body / 2 + 0.1, body / 2 - 0.14):
            knee = np.array([x + near + rng.uniform(-0.07, 0.07), leg * 0.5])
            heel = knee + (rng.uniform(-0.06, 0.06), leg * 0.5)
            d.stroke([(x + near, -0.05), knee, heel, knee + (0.1, leg * 0.5)], thick, colour)
    lift = rng.uniform(-0.2, 0.45)
    rump = -body / 2
    tail = [(rump + 0.04, -height * 0.7), (rump - 0.18, -height - lift / 2), (rump - 0.24, -height - lift)]
    d.stroke(tail, 0.11, coat)
    d.ellipse(0, -height * 0.6, body / 2, height, coat)
    if rng.random() < 0.6:
        d.ellipse(rng.uniform(-0.2, 0.15), -height * 0.75, rng.uniform(0.1, 0.2), height * 0.55, spot)
    head = np.array([body / 2 + 0.1, -height - rng.uniform(0.12, 0.3)])
    d.stroke([(body / 2 - 0.15, -height * 0.7), head + (-0.02, 0.04)], 0.22, coat)
    d.ellipse(*head, 0.17, 0.14, coat)
    muzzle = rng.uniform(0.2, 0.3)
    d.stroke([head + (0.05, 0.04), head + (muzzle, 0.06)], 0.12, shade(coat, 1.1))
    d.ellipse(*(head + (muzzle + 0.05, 0.03)), 0.035, 0.035, (20, 20, 20))
    d.ellipse(*(head + (0.06, -0.04)), 0.025, 0.025, (15, 15, 15))
    if rng.random() < 0.5:
        d.polygon([head + (-0.14, -0.06), head + (-0.12, -0.27), head + (0.02, -0.1)], dark)
    else:
        d.stroke([head + (-0.08, -0.08), head + (-0.13, 0.12)], 0.1, dark)
    return d


def draw_elephant(rng: np.random.Generator) -> Drawing:
    """Draw an elephant from the side: a big body on four pillars, a hanging trunk, a fan of an ear."""
    d, skin = Drawing(), random_colour(rng)
    dark, light = shade(skin, 0.75), shade(skin, 1.15)
    body, height, leg = rng.uniform(0.75, 0.95), rng.uniform(0.36, 0.44), rng.uniform(0.3, 0.42)
    thick = rng.uniform(0.22, 0.28)
    d.stroke([(-body + 0.05, -0.2), (-body - 0.08, 0.1 + rng.uniform(-0.1, 0.1))], 0.06, dark)
    for near, colour in ((-0.1, dark), (0.06, skin)):
        for x in (-0.6 * body, 0.55 * body):
            foot = x + near + rng.uniform(-0.08, 0.08)
            d.stroke([(x + near, 0.1), (foot, 0.25 + leg)], thick, colour)
    d.ellipse(0, -0.05, body, height, skin)
    head = np.array([body + 0.05, -0.2 - rng.uniform(0.0, 0.15)])
    tip = head + (0.2 + rng.uniform(0.0, 0.2), 0.45 + rng.uniform(-0.25, 0.25))
    d.stroke([head + (0.12, 0.05), head + (0.3, 0.25), tip], 0.15, shade(skin, 0.9))
    d.ellipse(*head, 0.3, 0.28, skin)
    if rng.random() < 0.6:
        d.stroke([head + (0.14, 0.18), head + (0.42, 0.26)], 0.06, (225, 235, 240))
    d.ellipse(*(head + (0.14, -0.06)), 0.03, 0.03, (15, 15, 15))
    d.polygon(arc(*(head + (-0.2, 0.02)), rng.uniform(0.17, 0.24), rng.uniform(0.24, 0.32), n=12), light, 1)
    return d


def draw_teddy_bear(rng: np.random.Generator) -> Drawing:
    """Draw a sitting teddy bear from the front: round belly and head, stub arms and legs."""
    d, fur = Drawing(), random_colour(rng)
    pale, dark = shade(fur, 1.3), shade(fur, 0.8)
    width, height = rng.uniform(0.32, 0.42), rng.uniform(0.36, 0.44)
    for sign in (-1.0, 1.0):
        hand = np.array([sign * (width + rng.uniform(0.1, 0.25)), rng.uniform(-0.35, 0.15)])
        d.stroke([(sign * width * 0.7, -0.2), hand], 0.2, dark)
    d.ellipse(0, 0, width, height, fur)
    d.ellipse(0, 0.05, 0.6 * width, 0.6 * height, pale)
    for sign in (-1.0, 1.0):
        foot = np.array([sign * (width * 0.8 + rng.uniform(0.0, 0.15)), height * rng.uniform(0.8, 1.1)])
        d.stroke([(sign * width * 0.4, height * 0.6), foot], 0.24, fur)
        d.ellipse(*foot, 0.09, 0.09, pale)
    face = np.array([rng.uniform(-0.05, 0.05), -height - rng.uniform(0.16, 0.22)])
    size = rng.uniform(0.26, 0.32)
    for sign in (-1.0, 1.0):
        ear = face + (sign * 0.75 * size, -0.7 * size)
        d.ellipse(*ear, 0.11, 0.11, dark)
        d.ellipse(*ear, 0.06, 0.06, pale)
    d.ellipse(*face, size, 0.92 * size, fur)
    d.ellipse(*(face + (0, 0.3 * size)), 0.45 * size, 0.36 * size, pale)
    d.ellipse(*(face + (0, 0.16 * size)), 0.13 * size, 0.1 * size, (25, 20, 20))
    for sign in (-1.0, 1.0):
        d.ellipse(*(face + (sign * 0.36 * size, -0.15 * size)), 0.035, 0.035, (15, 15, 15))
    if rng.random() < 0.4:  # a bow tie
        bow = [(-0.17, -0.08), (0.17, 0.08), (0.17, -0.08), (-0.17, 0.08)]
        d.polygon(np.array(bow) + (0, -height + 0.03), random_colour(rng))
    return d
