"""The gradient noise scale: how many samples a batch should have before larger ones stop paying.

With the true gradient G and the covariance Sigma of one sample's gradient,

    B_simple = tr(Sigma) / |G|^2        (McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", eq. 2.9)

Both are estimated without bias from squared norms at two batch sizes (appendix A.1), since
E|g_B|^2 = |G|^2 + tr(Sigma) / B:

    |G|^2            = (n b - s) / (n - 1)
    tr(Sigma) / B    = (s - b) / (n - 1)       so that B_simple / B = (s - b) / (n b - s)

for updates of B samples that consist of n parts: b is the mean of |gradient of an update|^2, s that of |gradient of a
part|^2. Parts are replicas' shares of a batch, or accumulated micro-batches. Where there are none, two successive
updates are taken for two draws at the same weights, whose product has the mean |G|^2:

    |G|^2            = mean of <g_t, g_(t-1)>,         tr(Sigma) / B = b - |G|^2

This is rougher, since the weights do move between the two.
"""

import math


def noise_scale_from_parts(square_of_update: float, square_of_part: float, parts: int) -> float:
    """B_simple / B from the squared norms of updates and of their parts.

    Args:
        square_of_update: b, the mean over updates.
        square_of_part: s, the mean over parts.
        parts: n, at least 2.

    Returns:
        The noise scale in batches; NaN where the noise hides the gradient, so that |G|^2 is not estimated as positive.

    Example:
        >>> noise_scale_from_parts(2.0, 3.0, 2)  # |G|^2 = 1, tr(Sigma) / B = 1
        1.0
    """
    gradient, noise = parts * square_of_update - square_of_part, square_of_part - square_of_update
    return max(noise, 0.0) / gradient if gradient > 0 else math.nan


def noise_scale_from_steps(square_of_update: float, product: float) -> float:
    """B_simple / B from squared norms and from products of successive updates' gradients.

    Args:
        square_of_update: b, the mean over updates.
        product: the mean of <g_t, g_(t-1)>.

    Returns:
        As `noise_scale_from_parts`.

    Example:
        >>> noise_scale_from_steps(2.0, 0.5)
        3.0
    """
    return max(square_of_update - product, 0.0) / product if product > 0 else math.nan
