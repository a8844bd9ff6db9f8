"""Sound as the energy in bands of frequency, frame by frame: what most models of speech begin with.

    frame      f_m[n] = s[m H + n] w[n],   w[n] = 0.5 - 0.5 cos(2 pi n / L),   n = 0 .. L-1
    power      P_m[k] = |sum_n f_m[n] exp(-2 pi i k n / F)|^2,                  k = 0 .. F/2
    bands      E_m[b] = sum_k P_m[k] M[k, b]
    features   log(E_m[b] + 1e-6)

M holds triangles of height 1 whose corners are evenly spaced on the mel scale, mel(f) = 2595 log10(1 + f / 700): each
band begins at the middle of the one below and ends at the middle of the one above.

Shapes:
    L  samples of a frame, 25 ms
    H  samples from one frame to the next, 10 ms
    F  points of the Fourier transform
    T  frames
    D  bands

Reference:
    S. Davis and P. Mermelstein (1980), Comparison of Parametric Representations for Monosyllabic Word Recognition in
    Continuously Spoken Sentences, IEEE Transactions on Acoustics, Speech and Signal Processing 28(4).
"""

import functools

import numpy as np

WINDOW, HOP = 0.025, 0.010  # seconds: L and H
BANDS = 40
POINTS = 512
FLOOR = 1e-6  # below the energy of any sound, so that silence has a logarithm


def log_mel(sound: np.ndarray, rate: int, bands: int = BANDS) -> np.ndarray:
    """The features of one recording.

    Args:
        sound: samples from -1 to 1, shape `(samples,)`; at least one frame long, or zeros are added to its end.
        rate: samples a second.
        bands: D.

    Returns:
        float32, shape `(T, D)`: of the frames that lie wholly in the recording.

    Example:
        >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
        >>> features = log_mel(tone, rate=8000)
        >>> features.shape, int(features[50].argmax())
        ((98, 40), 18)
    """
    length, hop = round(WINDOW * rate), round(HOP * rate)
    if len(sound) < length:
        sound = np.pad(sound, (0, length - len(sound)))
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(sound, "float64"), length)[::hop]  # (T, L)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    power = np.abs(np.fft.rfft(frames * window, POINTS)) ** 2  # (T, F/2 + 1)
    return np.log(power @ mel_bands(rate, bands) + FLOOR).astype("float32")  # (T, D)


def mel(frequency):
    """Hertz on the mel scale, on which equal steps sound equally far apart."""
    return 2595 * np.log10(1 + np.asarray(frequency) / 700)


@functools.cache
def mel_bands(rate: int, bands: int) -> np.ndarray:
    """M, shape `(F/2 + 1, D)`: how much each band takes of each frequency, from 0 to half the rate."""
    corners = 700 * (10 ** (np.linspace(0, mel(rate / 2), bands + 2) / 2595) - 1)  # Hz
    frequencies = np.fft.rfftfreq(POINTS, 1 / rate)[:, np.newaxis]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling))
