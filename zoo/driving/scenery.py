"""Weather and light: what a road looks like, whatever way it goes.

Nothing here knows of curvature: another scenery changes pixels and no target. Colours are red, green, blue in [0, 1].
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ..errors import unknown_name

WEATHERS = ("clear", "rain", "fog")
LIGHTS = ("day", "dusk", "night")
TILE = 256  # cells along the sides of a tile of noise, which repeats: a power of two

_SIGHT = {"clear": 900.0, "rain": 160.0, "fog": 40.0}  # metres in which a colour fades to 1/e
_SKY = {  # at the horizon and above
    "clear": ((0.76, 0.86, 0.95), (0.26, 0.48, 0.83)),
    "rain": ((0.66, 0.68, 0.70), (0.47, 0.50, 0.54)),
    "fog": ((0.76, 0.77, 0.78), (0.70, 0.71, 0.73)),
}
_DUSK = {"clear": ((1.0, 0.68, 0.42), (0.62, 0.50, 0.62)), "rain": ((0.62, 0.56, 0.55),) * 2}  # factors of the sky
_LIGHT = {"day": (1.0, 1.0, 1.0), "dusk": (0.60, 0.52, 0.50), "night": (0.055, 0.06, 0.09)}


@dataclass(frozen=True)
class Scenery:
    """How a road looks.

    Args:
        weather: "clear", "rain" or "fog".
        light: "day", "dusk" or "night", when the headlights are on.
        seed: of the colours, the grass, the trees, the hills and the clouds.

    Raises:
        ValueError: if there is no such weather or light.

    Example:
        >>> Scenery("fog").sight < Scenery("clear").sight
        True
    """

    weather: str = "clear"
    light: str = "day"
    seed: int = 0
    sight: float = field(init=False)
    colours: dict[str, np.ndarray] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        for kind, value, known in (("weather", self.weather, WEATHERS), ("light", self.light, LIGHTS)):
            if value not in known:
                raise unknown_name(kind, value, known)
        object.__setattr__(self, "sight", _SIGHT[self.weather])
        object.__setattr__(self, "colours", self._colours(np.random.default_rng([self.seed, 1])))

    def _colours(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        def near(*colour: float) -> np.ndarray:
            return np.clip(np.array(colour) + rng.normal(scale=0.025, size=3), 0, 1).astype("float32")

        wet = 0.72 if self.weather == "rain" else 1.0
        gray = rng.uniform(0.33, 0.45) * wet
        low, high = (np.array(colour, "float32") for colour in _SKY[self.weather])
        if self.light == "dusk":
            tints = _DUSK.get(self.weather, _DUSK["rain"])
            low, high = low * tints[0], high * tints[1]
        elif self.light == "night":
            low, high = 0.07 * low * (0.7, 0.8, 1.2), 0.03 * high * (0.7, 0.8, 1.4)
        return {
            "grass": near(0.31, 0.42, 0.17) * (wet + 1) / 2,
            "gravel": near(0.52, 0.47, 0.40) * wet,
            "asphalt": np.full(3, gray, "float32") * np.array([1.0, 1.0, 1.03], "float32"),
            "line": near(0.93, 0.93, 0.90),
            "tree": near(0.17, 0.29, 0.11),
            "hill": near(0.30, 0.40, 0.36),
            "sky_low": low.astype("float32"),
            "sky_high": high.astype("float32"),
            "light": np.array(_LIGHT[self.light], "float32"),
        }


def draw_scenery(rng: np.random.Generator, weather: str = "mixed", light: str = "mixed") -> Scenery:
    """A random scenery; "mixed" leaves weather, or light, to the draw.

    Raises:
        ValueError: if there is no such weather or light.

    Example:
        >>> draw_scenery(np.random.default_rng(0), weather="fog", light="day").weather
        'fog'
    """
    weathers, lights = (str(rng.choice(names, p=(0.6, 0.2, 0.2))) for names in (WEATHERS, LIGHTS))
    seed = int(rng.integers(2**31))  # drawn alike, whatever was asked for
    return Scenery(weathers if weather == "mixed" else weather, lights if light == "mixed" else light, seed)


@cache
def noise_tile(roughness: float) -> np.ndarray:
    """A square of smooth noise that can be laid side by side without a seam: mean 0, deviation 1.

    White noise whose wave of frequency k is weakened to 1 / (1 + k^r): r = 0 leaves it white, r = 2 makes clouds.

    Args:
        roughness: r.

    Returns:
        float32 array, shape `(TILE * TILE,)`, row after row.
    """
    white = np.fft.rfft2(np.random.default_rng(0).normal(size=(TILE, TILE)))
    rows, columns = np.meshgrid(np.fft.fftfreq(TILE, 1 / TILE), np.fft.rfftfreq(TILE, 1 / TILE), indexing="ij")
    values = np.fft.irfft2(white / (1 + np.hypot(rows, columns) ** roughness), s=(TILE, TILE))
    values -= values.mean()
    tile = (values / values.std()).astype("float32").ravel()
    tile.flags.writeable = False  # shared by all who ask
    return tile


def noise_at(tile: np.ndarray, x: np.ndarray, y: np.ndarray, cell: float) -> np.ndarray:
    """The noise at places given in metres, where a cell of the tile is `cell` metres wide."""
    row = (y * np.float32(1 / cell)).astype("int32") & (TILE - 1)
    return tile.take(row * TILE + ((x * np.float32(1 / cell)).astype("int32") & (TILE - 1)))
