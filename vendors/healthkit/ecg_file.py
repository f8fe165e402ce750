"""One ECG file of the export: what it says of the strip, and how many values follow. Names and birth dates stay unread.

The labels are in the phone's language and their order is not promised, so lines are told by what stands in them.
"""

import io
import re
from collections.abc import Iterator
from typing import IO, Any, Final

from vendors.healthkit.tables import ECG_CLASS, ecg_class

HEADER_MAX: Final = 30
LINE_MAX: Final = 400
RECORDED: Final = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4})")
RATE: Final = re.compile(r"^(\d{2,4}(?:[.,]\d+)?)\s+\D+$")
DEVICE: Final = re.compile(r"Watch\d+,\d+")
LEAD: Final = re.compile(r"(?:^|\s)(I{1,3})$")
VALUE: Final = re.compile(r'^"?[-\u2212]?\d+(?:[.,]\d+)?"?[,;]?$')


def ecg_of(file: IO[bytes]) -> dict[str, Any] | None:
    """None when it is no ECG: without time or rate it is something else."""
    strip: dict[str, Any] = {"type": "Electrocardiogram", "voltageCount": 0}
    after_time = False
    for number, line in enumerate(_lines(file)):
        if VALUE.match(line):
            strip["voltageCount"] += 1
        elif number < HEADER_MAX and line:
            after_time = _header(strip, line, after_time=after_time)
    return strip if "startDate" in strip and "samplingFrequencyHz" in strip else None


def _lines(file: IO[bytes]) -> Iterator[str]:
    text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline=None)
    while line := text.readline(LINE_MAX):
        yield line.strip()


def _header(strip: dict[str, Any], line: str, *, after_time: bool) -> bool:
    """Takes what one line tells. True when it told the time: the result stands on the next, in any language."""
    _, _, rest = line.partition(",")
    value = rest.strip().strip('"')
    if found := RECORDED.search(value):
        strip["startDate"] = found[1]
        return True
    known = ecg_class(value) in ECG_CLASS.values()
    if after_time or (known and "classification" not in strip):
        strip["classification"] = (
            value if known else "in another language"
        )  # whatever it is, it is not passed on
    elif found := RATE.match(value):
        strip["samplingFrequencyHz"] = found[1].replace(",", ".")
    elif found := DEVICE.search(value):
        strip["device"] = f"hardware:{found[0]}"
    elif found := LEAD.search(value):
        strip["lead"] = found[1]
    return False
