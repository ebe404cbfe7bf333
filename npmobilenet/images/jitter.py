"""Colours of a Pillow image changed at random, as torchvision's ColorJitter changes them.

    brightness  f x            contrast    f x + (1 - f) mean grey of the image
    saturation  f x + (1 - f) grey of the pixel            hue  turned around the colour circle

in a random order; f is uniform within 1-b..1+b, the turn within -h..h of the whole circle.
"""

import numpy as np
from PIL import Image, ImageEnhance


def jittered(
    image: Image.Image,
    rng: np.random.Generator,
    brightness: float,
    contrast: float,
    saturation: float,
    hue: float,
) -> Image.Image:
    """image ("RGB" or "L") with changed colours; grey images have no saturation and no hue."""
    strengths = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    order = rng.permutation(4)
    factors = {
        name: rng.uniform(max(0.0, 1 - strength), 1 + strength)
        for name, strength in strengths.items()
        if strength
    }
    turn = rng.uniform(-hue, hue) if hue else 0.0
    for place in order:
        name = ("brightness", "contrast", "saturation", "hue")[place]
        if name in factors:
            image = enhanced(image, name, factors[name])
        elif name == "hue" and turn:
            image = turned(image, turn)
    return image


def enhanced(image: Image.Image, what: str, factor: float) -> Image.Image:
    """brightness, contrast or saturation of an image times `factor`; 1 leaves it as it is."""
    tools = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "saturation": ImageEnhance.Color,
    }
    return tools[what](image).enhance(factor)


def turned(image: Image.Image, turn: float) -> Image.Image:
    """Every hue moved by `turn`, within -0.5..0.5 of the colour circle."""
    if image.mode != "RGB":
        return image
    hue, saturation, value = image.convert("HSV").split()
    # 256 steps go around the circle, which uint8 does by itself
    moved = np.asarray(hue) + np.uint8(int(turn * 255) % 256)
    return Image.merge("HSV", (Image.fromarray(moved), saturation, value)).convert("RGB")
