"""What the camera sees of the road: inverse perspective, pixel by pixel.

For every pixel below the horizon the camera knows the point of the ground; the nearest point of the lane's middle gives
its road coordinates (s, d), and d says what is there:

        left edge   dashes    lane's middle   right edge
    ----- 3w ---------- w ---------- 0 ---------- -w -----      w = HALF_LANE, the car drives on the right

Everything is one NumPy operation over all pixels. What depends on the camera alone is computed once.

Shapes:
    N  number of pixels that show ground
    K  number of points of the lane's middle that are looked at
"""

import numpy as np

from .camera import Camera
from .road import HALF_LANE, STEP, Road
from .scenery import Scenery, noise_at, noise_tile

FAR, BEHIND = 220.0, 6.0  # metres of road that are looked at, ahead and behind
ROADSIDE = 110.0  # metres ahead in which trees are drawn
LINE = 0.15  # metres, width of the markings
DASH, PERIOD = 4.0, 12.0  # metres of the marking, and from one to the next
SHOULDER = 0.4  # metres of asphalt outside the edge lines
ASPHALT = (-HALF_LANE - SHOULDER, 3 * HALF_LANE + SHOULDER)  # metres to the left of the lane's middle
EVERY, COLUMNS = 8, 8  # points of the road from one candidate to the next, and columns of the picture that are asked


class Renderer:
    """Pictures of one road in one scenery.

    Args:
        road: where the camera drives.
        camera: that takes the pictures.
        scenery: weather, light and seed.

    Example:
        >>> from .road import arcs
        >>> renderer = Renderer(arcs((300.0, 0.0)), Camera.looking_ahead((66, 200)), Scenery())
        >>> picture = renderer.picture(0.0, 0.0, 0.0, s=0.0)
        >>> picture.shape, picture.dtype
        ((66, 200, 3), dtype('uint8'))
    """

    def __init__(self, road: Road, camera: Camera, scenery: Scenery):
        self.road, self.camera, self.scenery = road, camera, scenery
        rows, columns = np.meshgrid(camera.ground_rows, np.arange(camera.width), indexing="ij")
        ahead, left = (part.ravel() for part in camera.to_ground(rows, columns))  # (N,)
        self.ahead, self.left = ahead.astype("float32"), left.astype("float32")
        self.distance = np.hypot(self.ahead, self.left)
        sine, cosine = np.sin(camera.pitch), np.cos(camera.pitch)
        depth = self.ahead * cosine + camera.mount * sine
        self.across = (depth / camera.focal).astype("float32")  # metres that a pixel is wide
        self.along = (self.across * np.maximum(self.ahead / camera.mount, 1)).astype("float32")  # and long, about
        # x, y, cos psi, sin psi and kappa of the lane's middle
        curve = road.x, road.y, np.cos(road.heading), np.sin(road.heading), road.curvature
        self.curve = tuple(quantity.astype("float32") for quantity in curve)
        self.mist = np.exp(-self.distance / scenery.sight)[:, np.newaxis]  # (N, 1)
        self.lamps = self._headlights() if scenery.light == "night" else None
        rng = np.random.default_rng([scenery.seed, 2])
        self.trees = _plant(rng, road)
        self.hills = rng.uniform(0, 2 * np.pi, size=4), rng.uniform(0.006, 0.02, size=4)
        self.grain = rng.normal(scale=2.5, size=2 * camera.height * camera.width * 3).astype("float32")

    # === A picture ===
    def picture(self, x: float, y: float, heading: float, s: float, number: int = 0) -> np.ndarray:
        """The view from a place, which lies near the arc length `s` of the road.

        Args:
            x: metres.
            y: metres.
            heading: radians.
            s: metres.
            number: of the picture; only the grain of the camera and the drops of the rain depend on it.

        Returns:
            uint8 array, shape `(height, width, 3)`.
        """
        height, width = self.camera.height, self.camera.width
        image = np.empty((height, width, 3), "float32")
        first = int(self.camera.ground_rows[0]) if len(self.camera.ground_rows) else height
        image[:first] = self._sky(heading, first)
        image[first:] = self._ground(x, y, heading, s).reshape(height - first, width, 3)
        self._draw_trees(image, x, y, heading, s)
        rng = np.random.default_rng([self.scenery.seed, 3, number])
        if self.scenery.weather == "rain":
            _draw_rain(image, rng)
        start = int(rng.integers(image.size))
        noisy = image.ravel() * 255 + self.grain[start : start + image.size]
        return np.clip(noisy, 0, 255).astype("uint8").reshape(height, width, 3)

    def road_coordinates(self, x: float, y: float, heading: float, s: float) -> tuple[np.ndarray, np.ndarray]:
        """Road coordinates (s, d) of what every pixel below the horizon shows, each of shape `(N,)`."""
        return self._nearest(*self._world(x, y, heading), s)

    def _world(self, x: float, y: float, heading: float) -> tuple[np.ndarray, np.ndarray]:
        cosine, sine = np.float32(np.cos(heading)), np.float32(np.sin(heading))
        return (
            np.float32(x) + cosine * self.ahead - sine * self.left,
            np.float32(y) + sine * self.ahead + cosine * self.left,
        )

    def _nearest(self, x: np.ndarray, y: np.ndarray, s: float) -> tuple[np.ndarray, np.ndarray]:
        """The nearest of some points of the lane's middle, found for some columns; from there Newton's method."""
        here, last = int(s / STEP), len(self.road.curvature) - 1
        start, stop = max(0, here - int(BEHIND / STEP)), min(last, here + int(FAR / STEP))
        candidates = np.arange(start, stop + 1, EVERY, dtype="int32")  # (K,)
        rows, columns = len(self.camera.ground_rows), np.arange(self.camera.width)
        some = (part.reshape(rows, -1)[:, ::COLUMNS, np.newaxis] for part in (x, y))  # (rows, some, 1)
        apart = sum(np.square(one - at[candidates]) for one, at in zip(some, self.curve[:2], strict=True))
        point = candidates[apart.argmin(axis=-1)][:, columns // COLUMNS].ravel()  # (N,)
        for step in range(3):
            at_x, at_y, cosine, sine, bend = (quantity.take(point) for quantity in self.curve)
            to_x, to_y = x - at_x, y - at_y
            along = to_x * cosine + to_y * sine
            d = to_y * cosine - to_x * sine
            if step < 2:
                move = along / np.maximum(1 - bend * d, np.float32(0.3))
                point = np.clip(point + np.rint(move / STEP).astype("int32"), 0, last)
        along /= np.maximum(1 - bend * d, np.float32(0.3))  # on the middle, which is shorter inside of a curve
        return point * np.float32(STEP) + along, d - bend * np.square(along) / 2  # the arc leaves its tangent

    # === The ground ===
    def _ground(self, x: float, y: float, heading: float, s: float) -> np.ndarray:
        """Colours, shape `(N, 3)`."""
        world = self._world(x, y, heading)
        along, d = self._nearest(*world, s)
        colours = self.scenery.colours
        fine, rough = noise_tile(0.5), noise_tile(1.5)
        fades = 1 / (1 + np.square(self.across * 12))  # details that are smaller than a pixel are not seen
        wide = noise_at(rough, *world, 0.6)
        grass = colours["grass"] * (1 + 0.10 * wide + 0.16 * fades * noise_at(fine, *world, 0.12))[:, np.newaxis]
        stone = 1 + 0.09 * fades * noise_at(fine, along, d, 0.05) + 0.025 * wide
        stone -= 0.05 * np.exp(-np.square((np.abs(d) - 0.8) / 0.3))  # where the wheels run
        asphalt = colours["asphalt"] * stone[:, np.newaxis]
        gravel = colours["gravel"] * (1 + 0.22 * fades * noise_at(fine, *world, 0.09))[:, np.newaxis]

        on_asphalt = self._between(d, *ASPHALT)
        on_gravel = self._between(d, ASPHALT[0] - 0.7, ASPHALT[1] + 0.7)
        ground = grass + on_gravel * (gravel - grass)
        ground += on_asphalt * (asphalt - ground)
        ground += self._markings(along, d) * (colours["line"] - ground)
        return self._lit(ground, world)

    def _between(self, d: np.ndarray, right: float, left: float) -> np.ndarray:
        """The share of each pixel that lies between two offsets, shape `(N, 1)`."""
        inside = np.minimum(d - right, left - d) / self.across + 0.5
        return np.clip(inside, 0, np.minimum(1, (left - right) / self.across))[:, np.newaxis]

    def _markings(self, along: np.ndarray, d: np.ndarray) -> np.ndarray:
        half = LINE / 2
        edges = [self._between(d, place - half, place + half) for place in (-HALF_LANE, 3 * HALF_LANE)]
        in_dash = DASH / 2 - np.abs(np.mod(along, PERIOD) - PERIOD / 2)
        dashes = np.clip(in_dash / self.along + 0.5, 0, 1)
        far = np.clip(self.along / PERIOD, 0, 1)  # where a pixel holds several, it shows their mean
        dashes += far * (DASH / PERIOD - dashes)
        middle = self._between(d, HALF_LANE - half, HALF_LANE + half) * dashes[:, np.newaxis]
        return np.minimum(edges[0] + edges[1] + middle, 1)

    def _lit(self, ground: np.ndarray, world: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """The ground in its light, with shadows if the sun shines, behind as much air as lies between."""
        scenery, colours = self.scenery, self.scenery.colours
        light = colours["light"] if self.lamps is None else colours["light"] + self.lamps
        if (scenery.weather, scenery.light) == ("clear", "day"):
            shade = np.clip(0.8 * noise_at(noise_tile(2.5), *world, 0.12) - 0.6, 0, 0.45)
            ground = ground * (1 - shade)[:, np.newaxis]
        lit = ground * light
        return lit + (1 - self.mist) * (colours["sky_low"] - lit)

    def _headlights(self) -> np.ndarray:
        """How much light the headlights throw on the ground, shape `(N, 1)`."""
        cone = np.exp(-np.square(self.left / (2.0 + 0.22 * self.ahead)))
        return (0.95 * cone / (1 + np.square(self.ahead / 28)))[:, np.newaxis]

    # === Above the ground ===
    def _sky(self, heading: float, rows: int) -> np.ndarray:
        """Colours of the first `rows` rows, shape `(rows, width, 3)`: sky, clouds and hills."""
        camera, colours = self.camera, self.scenery.colours
        up = (camera.horizon - np.arange(rows, dtype="float32"))[:, np.newaxis] / camera.focal  # (rows, 1)
        right = (np.arange(camera.width, dtype="float32") - camera.middle[1]) / camera.focal
        towards = (heading - np.arctan(right)).astype("float32")  # (width,)
        cloud = noise_at(noise_tile(2.0), np.float32(60) * towards + 400, 400 * np.sqrt(np.maximum(up, 0)), 1.0)
        cover = np.clip(0.25 + 0.45 * cloud, 0, 1)[..., np.newaxis] * (0.55 if self.scenery.weather == "clear" else 0.2)
        blue = colours["sky_low"] + np.clip(3 * up, 0, 1)[..., np.newaxis] * (colours["sky_high"] - colours["sky_low"])
        sky = blue + cover * (np.minimum(1.15 * colours["sky_low"], 1) - blue)
        phases, sizes = self.hills
        waves = [
            size * (1 + np.sin(times * towards + p))
            for times, p, size in zip((2, 5, 11, 23), phases, sizes, strict=True)
        ]
        hidden = np.clip((sum(waves) - up) * camera.focal + 0.5, 0, 1)[..., np.newaxis]
        air = np.exp(-500 / self.scenery.sight)
        hill = colours["sky_low"] + air * (colours["hill"] * colours["light"] - colours["sky_low"])
        return sky + hidden * (hill - sky)

    def _draw_trees(self, image: np.ndarray, x: float, y: float, heading: float, s: float) -> None:
        """Draws the trees ahead into the picture, the farthest first."""
        at, tree_x, tree_y, tall = self.trees
        near = slice(*np.searchsorted(at, (s, s + ROADSIDE)))
        to_x, to_y = tree_x[near] - x, tree_y[near] - y
        ahead = to_x * np.cos(heading) + to_y * np.sin(heading)
        left = to_y * np.cos(heading) - to_x * np.sin(heading)
        for place in np.argsort(-ahead):
            if ahead[place] > 4:
                self._draw_tree(image, ahead[place], left[place], tall[near][place])

    def _draw_tree(self, image: np.ndarray, ahead: float, left: float, tall: float) -> None:
        camera, colours = self.camera, self.scenery.colours
        row, column = camera.to_pixel(ahead, left)
        scale = camera.focal / ahead  # pixels a metre
        middle, high, wide = row - 0.6 * tall * scale, 0.42 * tall * scale, 0.24 * tall * scale
        top, bottom = max(0, int(middle - high)), min(camera.height, int(row) + 1)
        start, stop = max(0, int(column - wide)), min(camera.width, int(column + wide) + 2)
        if top >= bottom or start >= stop:
            return
        rows = np.arange(top, bottom, dtype="float32")[:, np.newaxis]
        columns = np.arange(start, stop, dtype="float32")
        from_middle = np.square((rows - middle) / high) + np.square((columns - column) / wide)
        crown = np.clip((1 - from_middle) * wide / 2 + 0.5, 0, 1)
        trunk = np.clip(0.03 * tall * scale - np.abs(columns - column) + 0.5, 0, 1) * (rows > middle)
        air = np.exp(-ahead / self.scenery.sight)
        glow = 0.0
        if self.lamps is not None:
            glow = 0.35 * np.exp(-((left / (2.0 + 0.3 * ahead)) ** 2)) / (1 + (ahead / 28) ** 2)
        shades = 1.25 - 0.5 * (rows - middle) / high  # darker below
        for cover, colour in ((trunk, 0.6 * colours["tree"] * (1.3, 0.9, 0.9)), (crown, colours["tree"])):
            lit = colour * (colours["light"] + glow) * np.clip(shades, 0.6, 1.6)[..., np.newaxis]
            seen = colours["sky_low"] + air * (lit - colours["sky_low"])
            part = image[top:bottom, start:stop]
            part += cover[..., np.newaxis] * (seen - part)


def _plant(rng: np.random.Generator, road: Road) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arc length, x, y and height of the trees on both sides of a road, in the order of the arc length."""
    count = int(road.length / 12)
    s = np.sort(rng.uniform(0, road.length, size=count))
    beside = rng.uniform(3.0, 16.0, size=count)
    d = np.where(rng.random(count) < 0.5, ASPHALT[1] + beside, ASPHALT[0] - beside)
    heading = road.at(road.heading, s)
    return (
        s,
        road.at(road.x, s) - d * np.sin(heading),
        road.at(road.y, s) + d * np.cos(heading),
        rng.uniform(4, 10, count),
    )


def _draw_rain(image: np.ndarray, rng: np.random.Generator) -> None:
    """Short bright streaks, in place."""
    height, width, _ = image.shape
    count = height * width // 250
    columns, starts = rng.integers(width, size=count), rng.integers(height, size=count)
    lengths = rng.integers(3, 3 + height // 8, size=count)
    for column, start, length in zip(columns, starts, lengths, strict=True):
        streak = image[start : start + length, column]
        streak += 0.16 * (1 - streak)
