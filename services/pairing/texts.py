"""The consent texts: one folder a version, one file a language. A text that was agreed to is never changed."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from proto.resources import ConsentText

FOLDER: Final = Path(__file__).parent / "consent_texts"
CURRENT: Final = "2026-05"
"""The version that is asked for now. A change of words is a new folder."""
FALLBACK: Final = "en"


@cache
def _load() -> dict[str, dict[str, ConsentText]]:
    """Version → language → text."""
    texts: dict[str, dict[str, ConsentText]] = {}
    for path in sorted(FOLDER.glob("*/*.md")):
        version, locale, text = path.parent.name, path.stem, path.read_text(encoding="utf-8")
        texts.setdefault(version, {})[locale] = ConsentText(
            version=version, locale=locale, text=text, sha256=sha256(text.encode()).hexdigest()
        )
    return texts


def find_text(version: str, locale: str | None = None) -> ConsentText | None:
    """The text in the language of a locale (`de-AT` → `de`), otherwise in English; None for an unknown version."""
    languages = _load().get(version)
    if languages is None:
        return None
    return languages.get((locale or FALLBACK).split("-")[0].lower(), languages[FALLBACK])
