"""Log-mel features, compared with SciPy's spectra and with the definition of the bands."""

import numpy as np
import pytest
from scipy.signal import stft

from gradschool.zoo.data.log_mel import BANDS, FLOOR, POINTS, log_mel, mel, mel_bands

RATE = 8000


@pytest.mark.parametrize("samples", [200, 1777])
def test_spectra_are_those_of_scipy(samples):
    sound = np.random.default_rng(0).normal(size=samples) / 10
    _, times, spectra = stft(
        sound, RATE, "hann", nperseg=200, noverlap=120, nfft=POINTS, boundary=None, padded=False
    )  # (F/2 + 1, T), divided by the sum of the window, 100
    expected = np.log(np.abs(100 * spectra.T) ** 2 @ mel_bands(RATE, BANDS) + FLOOR)
    assert len(times) == 1 + (samples - 200) // 80
    np.testing.assert_allclose(log_mel(sound, RATE), expected, rtol=1e-5, atol=1e-5)


def test_bands_are_triangles_evenly_spaced_on_the_mel_scale():
    frequencies = np.linspace(0, RATE / 2, POINTS // 2 + 1)
    places = np.linspace(0, mel(RATE / 2), BANDS + 2)
    corners = np.interp(places, mel(np.linspace(0, 4000, 200_001)), np.linspace(0, 4000, 200_001))
    for band, weights in enumerate(mel_bands(RATE, BANDS).T):
        np.testing.assert_allclose(weights, np.interp(frequencies, corners[band : band + 3], [0, 1, 0]), atol=1e-4)
        assert weights.sum() > 0


def test_mel_is_about_1000_at_1000_hertz():
    assert mel(1000) == pytest.approx(1000, abs=0.1)  # which defines the scale
    assert mel(0) == 0


def test_a_tone_is_in_its_band():
    for hertz in (300, 1000, 3000):
        tone = np.sin(2 * np.pi * hertz * np.arange(4000) / RATE)
        middles = np.linspace(0, mel(RATE / 2), BANDS + 2)[1:-1]
        assert (log_mel(tone, RATE).argmax(axis=1) == np.abs(middles - mel(hertz)).argmin()).all()


def test_silence_and_what_is_shorter_than_a_frame():
    np.testing.assert_allclose(log_mel(np.zeros(10), RATE), np.full((1, BANDS), np.log(FLOOR)))
