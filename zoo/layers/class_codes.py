"""One picture of 7x12 points for each class, ink = 1 and paper = -1: what LeNet-5's last layer compares with.

The paper drew one for every printable character, so that confusable characters get similar codes, and says that random
codes could be chosen as well. Here the ten digits are drawn, by us; any other number of classes gets random codes.
"""

import numpy as np

HEIGHT, WIDTH = 12, 7

_DIGITS = """
..###..  ...#...  .####..  #######  ....##.  #######  ..####.  #######  .#####.  .####..
.##.##.  ..##...  ######.  #######  ...###.  #######  .##....  #######  #######  ######.
##...##  .###...  ##..##.  ....##.  ...###.  ##.....  ##.....  .....##  ##...##  ##..##.
##...##  ####...  .....##  ...##..  ..####.  ##.....  ##.....  .....##  ##...##  ##...##
##...##  ..##...  .....##  ..##...  ..#.##.  ##.....  ##.....  ....##.  .##.##.  ##...##
##...##  ..##...  ....##.  ..####.  .##.##.  #####..  #####..  ....##.  ..###..  .##.###
##...##  ..##...  ...##..  ....##.  .#..##.  ######.  ######.  ...##..  .#####.  ..#####
##...##  ..##...  ..##...  .....##  ##..##.  .....##  ##...##  ...##..  ##...##  .....##
##...##  ..##...  .##....  .....##  #######  .....##  ##...##  ..##...  ##...##  .....##
##...##  ..##...  ##.....  ##...##  #######  ##...##  ##...##  ..##...  ##...##  .....##
.##.##.  ######.  #######  #######  ....##.  ######.  .##.##.  .##....  #######  ....##.
..###..  ######.  #######  .#####.  ....##.  .####..  ..###..  .##....  .#####.  .####..
"""


def digit_bitmaps() -> np.ndarray:
    """The ten digits, shape `(10, 12, 7)`, 1 for ink and -1 for paper."""
    rows = [line.split() for line in _DIGITS.split("\n") if line]  # 12 rows of 10 digits
    ink = np.array([[list(strip) for strip in row] for row in rows]) == "#"  # (12, 10, 7)
    return np.where(ink, 1.0, -1.0).transpose(1, 0, 2)


def class_codes(classes: int) -> np.ndarray:
    """A code of 84 values, 1 or -1, for each class; always the same ones.

    Args:
        classes: number of classes. Ten get the digits' pictures, others random codes, which differ from one another in
            about half of their values.

    Returns:
        Float array, shape `(classes, 84)`.

    Example:
        >>> class_codes(10).shape, class_codes(26).shape
        ((10, 84), (26, 84))
    """
    if classes == 10:
        return digit_bitmaps().reshape(10, HEIGHT * WIDTH)
    bits = np.random.default_rng(84).random((classes, HEIGHT * WIDTH)) < 0.5
    return np.where(bits, 1.0, -1.0)
