"""Plausible bodies and the devices that measure them. Deterministic and pure: no clock, no I/O, no global state."""

from simulator.physiology.body import Body, body_of
from simulator.physiology.devices import (
    DEVICES,
    battery,
    generate,
    instruments_of,
    repeatable,
    signal_strength,
    spots,
)
from simulator.physiology.parameters import Scenario
from simulator.physiology.samples import Sample

__all__ = [
    "DEVICES",
    "Body",
    "Sample",
    "Scenario",
    "battery",
    "body_of",
    "generate",
    "instruments_of",
    "repeatable",
    "signal_strength",
    "spots",
]
