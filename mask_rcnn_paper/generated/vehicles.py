"""Side views of COCO's vehicles, with random proportions and colours. Front at the right."""

import numpy as np

from mask_rcnn_paper.generated.shapes import Colour, Drawing, arc, random_colour, shade


def _wheel(d: Drawing, x: float, y: float, radius: float, tyre: Colour, hub: Colour) -> None:
    d.ellipse(x, y, radius, radius, tyre)
    d.ellipse(x, y, 0.55 * radius, 0.55 * radius, hub)
    d.ellipse(x, y, 0.2 * radius, 0.2 * radius, shade(hub, 0.5))


def _tyre_and_glass(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    return random_colour(rng, 10, 90), random_colour(rng, 100, 200), random_colour(rng, 30, 180)


def draw_car(rng: np.random.Generator) -> Drawing:
    """Draw a car: low body, cabin with two windows, two wheels."""
    d, body = Drawing(), random_colour(rng)
    tyre, hub, glass = _tyre_and_glass(rng)
    length, waist, roof = rng.uniform(2.0, 2.5), rng.uniform(-0.46, -0.36), rng.uniform(-0.86, -0.7)
    tail = rng.uniform(0.0, 0.45)  # 0 is a hatchback
    left, right = -length / 2, length / 2
    roof_left, roof_right = left + 0.15 + tail, rng.uniform(0.1, 0.35)
    base_left, base_right = max(left + 0.02, roof_left - 0.25), roof_right + rng.uniform(0.25, 0.5)
    d.polygon([(base_left, waist + 0.03), (roof_left, roof), (roof_right, roof), (base_right, waist + 0.03)], body, 1)
    bonnet = waist + rng.uniform(0.02, 0.14)
    nose = [(right - 0.08, bonnet), (right, bonnet + 0.12), (right, 0)]
    d.polygon([(left, 0), (left, waist), (base_right, waist), *nose], shade(body, 0.92), 1)
    middle = (roof_left + roof_right) / 2
    top, bottom = roof + 0.07, waist - 0.01
    d.polygon([(base_left + 0.14, bottom), (roof_left + 0.05, top), (middle, top), (middle, bottom)], glass)
    post = middle + 0.06
    d.polygon([(post, bottom), (post, top), (roof_right - 0.02, top), (base_right - 0.12, bottom)], glass)
    d.box(right - 0.12, bonnet + 0.1, right - 0.01, bonnet + 0.2, (150, 230, 250))
    radius = rng.uniform(0.19, 0.25)
    for x in (left + 0.45, right - 0.45):
        d.ellipse(x, -0.02, radius * 1.2, radius * 1.2, shade(body, 0.4))
        _wheel(d, x, 0.02, radius, tyre, hub)
    return d


def draw_bus(rng: np.random.Generator) -> Drawing:
    """Draw a bus: tall box with a row of windows, a door and a mirror on an arm."""
    d, body = Drawing(), random_colour(rng)
    tyre, hub, glass = _tyre_and_glass(rng)
    length, height = rng.uniform(2.1, 2.8), rng.uniform(0.95, 1.2)
    left, right, top = -length / 2, length / 2, -height
    if rng.random() < 0.5:
        d.box(left + 0.4, top - 0.1, left + 1.0, top + 0.05, shade(body, 0.8))
    d.box(left, top, right, 0, body, 2)
    d.box(left + 0.03, -0.42 * height, right - 0.02, -0.33 * height, random_colour(rng))
    count = int(rng.integers(4, 7))
    edges = np.linspace(left + 0.1, right - 0.45, count + 1)
    for x1, x2 in zip(edges[:-1], edges[1:], strict=True):
        d.box(x1 + 0.03, top + 0.14, x2 - 0.03, -0.48 * height, glass)
    d.box(right - 0.4, top + 0.14, right - 0.14, -0.06, shade(glass, 0.75))
    mirror = [(right - 0.05, top + 0.1), (right + 0.13, top + 0.14), (right + 0.13, top + 0.36)]
    d.stroke(mirror, 0.06, shade(body, 0.4))
    radius = rng.uniform(0.17, 0.21)
    for x in (left + rng.uniform(0.4, 0.55), right - 0.62):
        _wheel(d, x, 0.02, radius, tyre, hub)
    return d


def draw_train(rng: np.random.Generator) -> Drawing:
    """Draw a train: a locomotive with a slanted nose, one or two coaches, many small wheels, a pantograph."""
    d, body, stripe = Drawing(), random_colour(rng), random_colour(rng)
    tyre, hub, glass = _tyre_and_glass(rng)
    coach, gap, height = rng.uniform(1.2, 1.6), 0.1, rng.uniform(0.62, 0.75)
    nose = rng.uniform(0.3, 0.6)
    x = 0.0
    for number in range(int(rng.integers(2, 4))):
        left, right = x - coach, x
        if number == 0:
            tip = [(right - nose, -height), (right - 0.3 * nose, -0.6 * height), (right, -0.2 * height), (right, 0)]
            d.polygon([(left, 0), (left, -height), *tip], body)
            window = [(right - nose, -0.88 * height), (right - 0.45 * nose, -0.58 * height)]
            d.polygon([*window, (right - nose, -0.58 * height)], glass)
            x0, top = left + 0.45, -height - 0.3
            pantograph = [(x0, -height), (x0 + 0.2, -height - 0.15), (x0, top), (x0 + 0.25, top)]
            d.stroke(pantograph, 0.05, shade(body, 0.5))
        else:
            d.box(left, -height, right, 0, body)
        d.box(left, -0.35 * height, right - 0.1, -0.22 * height, stripe)
        panes = np.linspace(left + 0.06, right - (nose + 0.05 if number == 0 else 0.06), 5)
        for x1, x2 in zip(panes[:-1], panes[1:], strict=True):
            d.box(x1 + 0.03, -0.85 * height, x2 - 0.03, -0.52 * height, glass)
        for offset in (0.2, 0.42, coach - 0.42, coach - 0.2):
            d.ellipse(left + offset, 0.03, 0.1, 0.1, tyre)
            d.ellipse(left + offset, 0.03, 0.05, 0.05, hub)
        x = left - gap
        if number:
            d.stroke([(right - 0.02, -0.12), (right + gap + 0.02, -0.12)], 0.1, tyre)
    return d


def draw_truck(rng: np.random.Generator) -> Drawing:
    """Draw a lorry: cab and load apart on a chassis; the load is a box or an open tipper."""
    d, cab, load = Drawing(), random_colour(rng), random_colour(rng)
    tyre, hub, glass = _tyre_and_glass(rng)
    length, height, gap = rng.uniform(1.4, 1.9), rng.uniform(0.8, 1.15), rng.uniform(0.1, 0.2)
    front = rng.uniform(0.55, 0.7)
    roof = -rng.uniform(0.72, 0.9)
    d.box(-length, -0.16, gap + front, -0.02, shade(tyre, 1.3))
    if rng.random() < 0.6:
        d.box(-length, -height, 0, -0.16, load)
        for x in np.linspace(-length, 0, int(rng.integers(3, 7)))[1:-1]:
            d.stroke([(x, -height + 0.08), (x, -0.26)], 0.03, shade(load, 0.7))
    else:
        top = -height * 0.75
        d.polygon([(-length - 0.1, top), (-length * 0.8, -0.16), (0, -0.16), (0.04, top)], load)
        heap = arc(-length / 2, top, 0.4 * length, 0.25, 180, 359, 12)
        d.polygon(heap + rng.normal(0, 0.015, heap.shape), random_colour(rng))
    bonnet = rng.uniform(0.0, 0.25)
    nose = [(gap + front - 0.12, roof), (gap + front, -0.42), (gap + front + bonnet, -0.38), (gap + front + bonnet, 0)]
    d.polygon([(gap, 0), (gap, roof), *nose], cab)
    x1, x2, top = gap + 0.2, gap + front, roof + 0.1
    d.polygon([(x1, top), (x2 - 0.16, top), (x2 - 0.06, -0.44), (x1, -0.44)], glass)
    if rng.random() < 0.6:
        d.stroke([(gap - 0.04, -0.1), (gap - 0.04, roof - 0.16)], 0.06, shade(hub, 0.8))
    radius = rng.uniform(0.16, 0.2)
    for x in (-length + 0.25, -length + 0.25 + 2.2 * radius, gap + front * 0.55):
        _wheel(d, x, 0.04, radius, tyre, hub)
    return d


def draw_bicycle(rng: np.random.Generator) -> Drawing:
    """Draw a bicycle: two wheels, filled as COCO's annotators fill them, a frame, saddle and handlebar."""
    d, frame, tyre = Drawing(), random_colour(rng), random_colour(rng, 10, 200)
    radius, width, base = rng.uniform(0.42, 0.5), rng.uniform(0.08, 0.11), rng.uniform(1.1, 1.3)
    for x in (0.0, base):
        d.ellipse(x, 0, radius, radius, shade(tyre, 1.6))
        if rng.random() < 0.4:
            for angle in rng.uniform(0, 90) + np.arange(0, 180, 45):
                d.stroke(arc(x, 0, radius, radius, angle, angle + 180, 2), 0.02, shade(tyre, 1.4))
        d.ring(x, 0, radius, radius, width, tyre)
    crank, seat = np.array([0.42 * base, 0.06]), np.array([0.3 * base, -0.62])
    head = np.array([base - 0.24, -0.66 - rng.uniform(0, 0.08)])
    low_head = 0.72 * head + 0.28 * np.array([base, 0.0])
    for line in ([(0, 0), crank, seat, (0, 0)], [seat * 0.92 + crank * 0.08, low_head, crank], [(base, 0), head]):
        d.stroke(line, 0.1, frame)
    d.stroke([seat + (-0.12, -0.06), seat + (0.13, -0.06)], 0.11, shade(tyre, 0.7))
    bar = [head, head + (0.02, -0.1), head + (0.2, -0.1)]
    d.stroke(bar + ([head + (0.22, 0.04)] if rng.random() < 0.5 else []), 0.07, shade(frame, 0.6))
    d.ellipse(*crank, 0.1, 0.1, shade(frame, 0.5))
    return d


def draw_motorcycle(rng: np.random.Generator) -> Drawing:
    """Draw a motorcycle: two fat wheels, engine, tank, seat, fork and exhaust."""
    d, body = Drawing(), random_colour(rng)
    tyre, hub, _ = _tyre_and_glass(rng)
    radius, base = rng.uniform(0.3, 0.36), rng.uniform(1.15, 1.35)
    for x in (0.0, base):
        d.ellipse(x, 0, radius * 0.85, radius * 0.85, shade(hub, 0.7))
        d.ring(x, 0, radius * 0.85, radius * 0.85, radius * 0.42, tyre)
        d.ellipse(x, 0, radius * 0.25, radius * 0.25, hub)
        for angle in (20, 80, 140):
            d.stroke(arc(x, 0, radius * 0.7, radius * 0.7, angle, angle + 180, 2), 0.05, hub)
    d.stroke([(base, 0), (base - 0.3, -0.72)], 0.09, hub)
    d.stroke([(base - 0.3, -0.72), (base - 0.48, -0.84), (base - 0.62, -0.8)], 0.07, tyre)
    d.ellipse(base - 0.2, -0.62, 0.11, 0.11, (170, 230, 250))
    d.polygon([(0.35, -0.1), (0.3, -0.4), (base - 0.4, -0.42), (base - 0.42, 0.05), (0.5, 0.12)], shade(hub, 0.6), 1)
    d.polygon([(-0.3, -0.55), (-0.25, -0.64), (0.5, -0.5), (0.45, -0.36), (0.1, -0.34)], shade(tyre, 0.8), 1)
    d.polygon([(0.42, -0.4), (0.48, -0.68), (base - 0.42, -0.68), (base - 0.34, -0.42)], body, 2)
    d.polygon([(-0.3, -0.34), (-0.08, -0.46), (0.26, -0.36), (0.2, -0.28)], body, 1)
    d.stroke([(base * 0.5, 0.12), (0.3, 0.16), (-0.25, 0.02 + rng.uniform(-0.1, 0.08))], 0.1, shade(hub, 0.9))
    if rng.random() < 0.4:
        screen = [(base - 0.3, -0.74), (base - 0.42, -1.02), (base - 0.36, -1.02), (base - 0.14, -0.7)]
        d.polygon(screen, shade(body, 1.2))
    return d
