"""Which content an upload may have: kinds, media types, sizes and the first bytes that prove the type. A table."""

from typing import Final

import msgspec

from proto.words import Kind, PairingMethod, UploadKind


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """`magic`: byte strings, one of which must stand at `offset`; empty = any text or binary of that type."""

    kind: UploadKind
    content_type: str
    magic: tuple[bytes, ...] = ()
    offset: int = 0


MIB: Final = 1024 * 1024

MAX_SIZE: Final[dict[UploadKind, int]] = {
    "stethoscope_audio": 64 * MIB,
    "ecg_waveform": 32 * MIB,
    "apple_export": 4096 * MIB,
}
NEEDS_KIND: Final[dict[UploadKind, Kind | None]] = {
    "stethoscope_audio": "stethoscope",
    "ecg_waveform": "ecg",
    "apple_export": None,
}
NEEDS_METHOD: Final[dict[UploadKind, PairingMethod]] = {"apple_export": "healthkit"}
"""How a device must be able to bring its readings, so that a file full of them may be taken for it."""
READ_ONCE: Final[frozenset[UploadKind]] = frozenset({"apple_export"})
"""Files that are read into readings and deleted then; the others stay, and readings point at them."""

CONTENTS: Final = (
    Content(kind="stethoscope_audio", content_type="audio/wav", magic=(b"RIFF", b"RF64")),
    Content(kind="stethoscope_audio", content_type="audio/x-wav", magic=(b"RIFF", b"RF64")),
    Content(kind="stethoscope_audio", content_type="audio/flac", magic=(b"fLaC",)),
    Content(kind="stethoscope_audio", content_type="audio/ogg", magic=(b"OggS",)),
    Content(
        kind="stethoscope_audio",
        content_type="audio/mpeg",
        magic=(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    ),
    Content(kind="stethoscope_audio", content_type="audio/mp4", magic=(b"ftyp",), offset=4),
    Content(kind="ecg_waveform", content_type="application/json", magic=(b"{", b"[")),
    Content(kind="ecg_waveform", content_type="text/csv"),
    Content(kind="ecg_waveform", content_type="application/edf", magic=(b"0       ",)),
    Content(kind="ecg_waveform", content_type="application/octet-stream"),
    Content(kind="ecg_waveform", content_type="application/pdf", magic=(b"%PDF-",)),
    Content(kind="apple_export", content_type="application/zip", magic=(b"PK\x03\x04",)),
    Content(kind="apple_export", content_type="application/xml", magic=(b"<?xml",)),
)


def find_content(kind: UploadKind, content_type: str) -> Content | None:
    wanted = content_type.partition(";")[0].strip().lower()
    return next((row for row in CONTENTS if row.kind == kind and row.content_type == wanted), None)


def has_magic(content: Content, head: bytes) -> bool:
    return not content.magic or any(head[content.offset :].startswith(magic) for magic in content.magic)
