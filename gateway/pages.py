"""The few pages that the front door itself shows a person. Plain: the policy allows no inline style, and none is needed."""

from html import escape


def page(title: str, *texts: str, link: tuple[str, str] | None = None) -> bytes:
    """A page with one thing to say and at most one thing to do. `texts` are our own HTML, never somebody's input."""
    said = "".join(f"<p>{text}</p>" for text in texts)
    action = f'<p><a href="{escape(link[0])}">{escape(link[1])}</a></p>' if link else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)} · Device Connect</title></head>'
        f"<body><main><h1>{escape(title)}</h1>{said}{action}</main></body></html>"
    ).encode()
