"""Colours and how well they can be read, after WCAG 2.2 (1.4.3 and 1.4.11). Pure: no framework."""

import colorsys
import re

HEX = re.compile(r"^#[0-9a-fA-F]{6}$")
LEAST = 4.5
WHITE, BLACK = "#ffffff", "#0b1116"
# The grounds of static/portal.css: page and cards, by day and by night.
DAY, NIGHT = ("#faf8f4", WHITE), ("#11161b", "#192027")
TINTED = {"day": 0.10, "night": 0.14}
Rgb = tuple[int, int, int]


def channels(colour: str) -> Rgb:
    """Red, green and blue of `#rrggbb`. Raises ValueError for anything else."""
    if not HEX.match(colour):
        raise ValueError(f"{colour!r} is not written as #rrggbb")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`share` of `one`, the rest of `other`."""
    mixed = [round(a * share + b * (1 - share)) for a, b in zip(channels(one), channels(other), strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def worst(colour: str, scheme: str) -> tuple[float, str]:
    """The smallest contrast of words in this colour with a ground of the scheme, and that ground."""
    return min((contrast(colour, ground), ground) for ground in grounds(colour, scheme))


def grounds(colour: str, scheme: str) -> tuple[str, ...]:
    """What words in this colour stand on: the page, cards, and cards that are tinted with it."""
    plain = DAY if scheme == "day" else NIGHT
    return (*plain, mix(colour, plain[1], TINTED[scheme]))


def mended(colour: str, scheme: str) -> str:
    """The nearest colour of the same hue that can be read in the scheme: darker by day, lighter by night."""
    red, green, blue = (value / 255 for value in channels(colour))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    step = -0.005 if scheme == "day" else 0.005
    end = 0.0 if scheme == "day" else 1.0
    while worst(colour, scheme)[0] < LEAST and lightness != end:
        lightness = min(1.0, max(0.0, lightness + step))
        made = colorsys.hls_to_rgb(hue, lightness, saturation)
        colour = "#{:02x}{:02x}{:02x}".format(*(round(value * 255) for value in made))
    return colour


def palette(colour: str, scheme: str) -> dict[str, str]:
    """The variables of static/portal.css that follow from the company's colour."""
    day = scheme == "day"
    return {
        "--accent": colour,
        "--accent-deep": mix(colour, BLACK if day else WHITE, 0.75 if day else 0.65),
        "--on-accent": WHITE if day else BLACK,
        "--tint": grounds(colour, scheme)[2],
    }


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(value / 255) for value in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
