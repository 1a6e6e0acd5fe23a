"""A quiet tune: four chords of soft pads and a plucked line over them."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
_BEAT = 0.6
_CHORDS = ((0, 4, 7, 11), (9, 12, 16, 19), (5, 9, 12, 16), (7, 11, 14, 17))


def _pitch(semitones: float) -> float:
    return 220.0 * 2 ** (semitones / 12)


def compose(seconds: float, seed: int) -> npt.NDArray[np.float32]:
    """Stereo samples, (2, seconds × 48 kHz), -1..1."""
    rng = np.random.default_rng((seed, 61))
    count = int(seconds * SAMPLE_RATE)
    mix = np.zeros((2, count + SAMPLE_RATE * 4), np.float32)
    key = int(rng.integers(-4, 4))

    def add(
        start: float, length: float, frequency: float, volume: float, attack: float, decay: float, pan: float
    ) -> None:
        t = np.arange(int(length * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
        shape = np.minimum(1, t / attack) * np.exp(-t / decay) * np.minimum(1, (length - t) / 0.08)
        tone = (
            np.sin(2 * np.pi * frequency * t)
            + 0.35 * np.sin(4 * np.pi * frequency * t)
            + 0.12 * np.sin(6 * np.pi * frequency * t)
        )
        at = int(start * SAMPLE_RATE)
        if at >= count:
            return
        wave = (tone * shape * volume).astype(np.float32)
        mix[0, at : at + len(wave)] += wave * (1 - pan)
        mix[1, at : at + len(wave)] += wave * pan

    bars = int(seconds / (4 * _BEAT)) + 1
    for bar in range(bars):
        chord = _CHORDS[bar % 4]
        start = bar * 4 * _BEAT
        for index, note in enumerate(chord):
            add(start, 4 * _BEAT, _pitch(note + key - 12), 0.05, 0.5, 6, 0.35 + 0.1 * index)
        add(start, 2 * _BEAT, _pitch(chord[0] + key - 24), 0.11, 0.02, 1.2, 0.5)
        for step in range(8):
            if rng.random() < 0.75:
                note = chord[int(rng.integers(4))] + 12 * int(rng.integers(0, 2))
                add(
                    start + step * _BEAT / 2, 1.0, _pitch(note + key), 0.06, 0.006, 0.28, float(rng.uniform(0.25, 0.75))
                )
    sound = mix[:, :count]
    fade = np.minimum(1, np.arange(count, dtype=np.float32)[::-1] / (1.5 * SAMPLE_RATE))
    return np.tanh(sound * 1.4).astype(np.float32) * fade
