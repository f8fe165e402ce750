"""The few pages that the front door itself shows a person. The policy allows no inline style: theirs is a small file."""

from html import escape
from typing import Final

from litestar import Response, get

STYLE_PATH: Final = "/auth/page.css"
STYLE: Final = """\
:root { color-scheme: light dark; --text: #16232b; --ground: #f6f8f9; --brand: #0b6670; --on-brand: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --text: #e7edf0; --ground: #0e161b; --brand: #63cbd3; --on-brand: #05282c }
}
body { margin: 0; background: var(--ground); color: var(--text); font: 1.0625rem/1.5 system-ui, sans-serif }
main { max-inline-size: 34rem; margin-inline: auto; padding: clamp(1.5rem, 10vh, 6rem) 1.5rem 2rem }
h1 { font-size: clamp(1.6rem, 5vw, 2rem); line-height: 1.25; text-wrap: balance }
a { color: var(--brand) }
code { overflow-wrap: anywhere; user-select: all }
.action {
  display: inline-block; padding: 0.7rem 1.1rem; border-radius: 10px;
  background: var(--brand); color: var(--on-brand); font-weight: 600; text-decoration: none; overflow-wrap: anywhere;
}
:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px }
"""
"""Colours as in `ui/src/styles/tokens.css`."""


def page(title: str, *texts: str, link: tuple[str, str] | None = None) -> bytes:
    """A page with one thing to say and at most one thing to do. `texts` are our own HTML, never somebody's input."""
    said = "".join(f"<p>{text}</p>" for text in texts)
    action = f'<p><a class="action" href="{escape(link[0])}">{escape(link[1])}</a></p>' if link else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)} · Device Connect</title>'
        f'<link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="{STYLE_PATH}"></head>'
        f"<body><main><h1>{escape(title)}</h1>{said}{action}</main></body></html>"
    ).encode()


@get(STYLE_PATH, include_in_schema=False)
async def style() -> Response[str]:
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(STYLE, media_type="text/css; charset=utf-8", headers=headers)
