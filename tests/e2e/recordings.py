"""What a stethoscope and an ECG record, made by hand: files that a browser must be able to show."""

import io
import math
import struct
import wave
from typing import Final

import msgspec

SOUND_HZ: Final = 4000
TRACE_HZ: Final = 250


def heart_sound(seconds: int = 12) -> bytes:
    """Two beats a second's four fifths, the first lower and longer than the second. WAV, 16 bit."""

    def at(t: float) -> float:
        beat = t % 0.8
        first = math.exp(-((beat - 0.08) ** 2) / 0.0009) * math.sin(2 * math.pi * 55 * t)
        second = 0.6 * math.exp(-((beat - 0.38) ** 2) / 0.0004) * math.sin(2 * math.pi * 120 * t)
        return 0.7 * (first + second)

    samples = [round(at(n / SOUND_HZ) * 32767) for n in range(seconds * SOUND_HZ)]
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_HZ)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return kept.getvalue()


_WAVES: Final = (
    (0.16, 0.12, 0.022),
    (0.30, -0.12, 0.008),
    (0.33, 1.1, 0.010),
    (0.36, -0.24, 0.009),
    (0.58, 0.28, 0.040),
)
"""Of one beat: when, how high in millivolts, how wide."""


def ecg_trace(seconds: int = 30) -> bytes:
    """72 beats a minute. JSON: rate, unit, samples."""

    def at(t: float) -> float:
        beat = t % (60 / 72)
        return sum(
            height * math.exp(-((beat - when) ** 2) / (2 * width**2)) for when, height, width in _WAVES
        )

    samples = [round(at(n / TRACE_HZ), 4) for n in range(seconds * TRACE_HZ)]
    return msgspec.json.encode({"sampling_hz": TRACE_HZ, "unit": "mV", "samples": samples})
