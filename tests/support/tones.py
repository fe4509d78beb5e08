"""Tones that tests make."""

import numpy as np


def partials(f0, amplitudes, stretch=0.0, sr=16000, seconds=1.0):
    """Return a stretched series of partials with other phases each, those below half the rate."""
    time = np.arange(round(seconds * sr)) / sr
    y = np.zeros_like(time)
    for k, amplitude in enumerate(amplitudes, start=1):
        frequency = k * f0 * np.sqrt(1 + stretch * k**2)
        if frequency < sr / 2:
            y += amplitude * np.sin(2 * np.pi * frequency * time + k**2)
    return 0.1 * y
