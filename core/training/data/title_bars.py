"""Title bars as window managers draw them, for drawn screens: shaded, outlined, with shadows, icons and buttons.

What captured windows taught: where a title is misread, it stands in light letters on a shaded bar, and one narrow
letter lost its dot. See ``screens`` for what a canvas is.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from core.training.data.fonts import Font

if TYPE_CHECKING:
    from core.training.data.canvas import Canvas
    from core.training.data.screens import Drawer

Colour = tuple[int, int, int]

BARS: tuple[Colour, ...] = (  # of common themes, at the top of the bar
    (82, 148, 226), (66, 66, 66), (92, 78, 68), (48, 52, 60), (222, 222, 222), (246, 245, 244), (36, 36, 36),
    (60, 90, 150), (110, 130, 90), (240, 240, 240), (160, 170, 190), (20, 60, 70), (120, 40, 60), (200, 190, 170),
)  # fmt: skip
LIGHTS: tuple[Colour, ...] = ((255, 95, 86), (255, 189, 46), (39, 201, 63))
DARKEST_GROUND = 380  # sum of a colour's parts below which letters are light
ELLIPSIS = "…"
SHORTEST_ELIDED = 8  # characters


def draw(drawer: Drawer, rng: Random, canvas: Canvas, title: str, size: int) -> int:
    """A bar with its title at the canvas' upper edge; returns its height in pixels.

    The title is noted as a fact where all of it stands there; one that does not fit is elided as the desktop does.
    """
    font = drawer.fonts.draw(rng, min(size, 20) if rng.random() < 0.6 else rng.choice((11, 12, 13, 14, 15, 16)))
    height, width = font.height + rng.randint(2, 16), canvas.image.width
    ground = _ground(rng, canvas, width, height)
    ink: Colour = (255, 255, 255) if sum(ground) < DARKEST_GROUND else (16, 16, 16)
    if rng.random() < 0.35:  # unfocused, or a theme that likes it faint
        ink = _towards(ink, ground, rng.uniform(0.05, 0.3))
    left, right = float(rng.randint(5, 12)), float(width - rng.randint(5, 10))
    if rng.random() < 0.25 and width > 12 * height:
        _icon(rng, canvas, left, height)
        left += height
    left, right = _buttons(rng, canvas, left, right, height, ground, ink)
    shown = title if font.width(title) <= right - left else elided(rng, title, font, right - left)
    x = left
    if rng.random() < 0.5:  # in the middle of the bar, as far as the buttons allow
        x = min(max(left, (width - font.width(shown)) / 2), max(left, right - font.width(shown)))
    y = (height - font.height) / 2
    if rng.random() < 0.4:
        shadow = _towards(ground, (0, 0, 0) if sum(ink) > DARKEST_GROUND else (255, 255, 255), rng.uniform(0.3, 0.8))
        canvas.draw.fontmode = font.mode
        canvas.draw.text((x + 1, y + 1), font.shaped(shown), font=font.face, fill=shadow, features=font.features)
    canvas.text(x, y, shown, font, ink)
    if shown == title:
        canvas.note("title", "", title, font.size)
    return height


def elided(rng: Random, text: str, font: Font, width: float) -> str:
    """As much of ``text`` as ``width`` pixels hold, with an ellipsis at its end or (some desktops) in its middle."""
    middle = rng.random() < 0.4
    kept = len(text)
    shown = text
    while kept > SHORTEST_ELIDED and font.width(shown) > width:
        kept -= 1
        head = (kept + 1) // 2 if middle else kept
        shown = (
            text[:head].rstrip() + ELLIPSIS + (text[len(text) - (kept - head) :] if middle and kept > head else "")
        )
    return shown


def _ground(rng: Random, canvas: Canvas, width: int, height: int) -> Colour:
    """Fill the bar; returns the colour behind the letters."""
    red, green, blue = rng.choice(BARS)
    top: Colour = (_near(rng, red), _near(rng, green), _near(rng, blue))
    end: Colour = (0, 0, 0) if rng.random() < 0.7 else (255, 255, 255)
    bottom = _towards(top, end, rng.choice((0.0, 0.06, 0.12, 0.2, 0.35)))
    split = height * rng.uniform(0.4, 0.6) if rng.random() < 0.25 else None  # a gloss: the lower half is another
    for y in range(height):
        share = y / height if split is None else 0.5 * y / height + 0.5 * (y > split)
        canvas.draw.line((0, y, width, y), fill=_towards(top, bottom, share))
    if rng.random() < 0.6:
        edge = _towards(bottom, (0, 0, 0), rng.uniform(0.3, 0.9))
        canvas.draw.rectangle((0, 0, width - 1, height - 1), outline=edge)
        if rng.random() < 0.6:
            light = _towards(top, (255, 255, 255), rng.uniform(0.15, 0.5))
            canvas.draw.rectangle((1, 1, width - 2, height - 2), outline=light)
    return _towards(top, bottom, 0.5)


def _icon(rng: Random, canvas: Canvas, left: float, height: int) -> None:
    """A program's small picture."""
    side = min(16, height - 6)
    top = (height - side) / 2
    box = (left, top, left + side, top + side)
    paint, mark = ((rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)) for _ in range(2))
    shape = rng.choice((canvas.draw.ellipse, canvas.draw.rectangle))
    shape(box, fill=paint)
    canvas.draw.line((left + 3, top + side - 4, left + side - 4, top + 3), fill=mark, width=2)


def _buttons(
    rng: Random, canvas: Canvas, left: float, right: float, height: int, ground: Colour, ink: Colour
) -> tuple[float, float]:
    """Draw none to three buttons; returns what they leave for the title."""
    count = rng.choice((0, 1, 3, 3, 3))
    step = height + rng.choice((-4, 0, 4, 12))
    side = max(6, min(height - 6, rng.choice((8, 10, 12, 16))))
    if right - left < 2 * count * step:
        return left, right  # a narrow window has none
    look = rng.choice(("glyphs", "glyphs", "boxes", "boxes", "lights"))
    at_left = rng.random() < (0.8 if look == "lights" else 0.1)
    for place in range(count):
        start = left + place * step if at_left else right - (place + 1) * step + (step - side) / 2
        top = (height - side) / 2
        box = (start, top, start + side, top + side)
        if look == "lights":
            canvas.draw.ellipse(box, fill=LIGHTS[place])
            continue
        if look == "boxes":
            frame = (start - 3, top - 3, start + side + 3, top + side + 3)
            canvas.draw.rectangle(frame, fill=_towards(ground, ink, 0.08), outline=_towards(ground, (0, 0, 0), 0.5))
        _glyph(canvas, ("close", "larger", "smaller")[place], box, ink, rng.choice((1, 2)))
    taken = count * step
    if at_left:
        return left + taken + (4 if count else 0), right
    if count:
        canvas.buttons = right - taken
    return left, right - taken - 4


def _glyph(canvas: Canvas, name: str, box: tuple[float, float, float, float], ink: Colour, width: int) -> None:
    left, top, right, bottom = box
    if name == "close":
        canvas.draw.line(box, fill=ink, width=width)
        canvas.draw.line((left, bottom, right, top), fill=ink, width=width)
    elif name == "larger":
        canvas.draw.rectangle(box, outline=ink, width=width)
    else:
        canvas.draw.line((left, bottom, right, bottom), fill=ink, width=width)


def _near(rng: Random, part: int) -> int:
    return min(255, max(0, part + rng.randint(-14, 14)))


def _towards(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue
