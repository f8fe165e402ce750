"""The provider's few pages, as whole HTML. No script, no inline style: they pass the strictest content policy."""

from html import escape

from simulator.identity.people import PEOPLE, Person
from simulator.identity.provider import Authorization

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ROLES = {"patient": "Patient", "caregiver": "Caregiver", "clinician": "Clinician", "admin": "Administrator"}


def choose(request: Authorization) -> str:
    """The sign-ins as links: a click signs in."""
    people = "\n".join(_card(person, request) for person in PEOPLE)
    return _page(
        "Sign in",
        f"""<h1>Who would you like to be?</h1>
<p class="lead">This is the demo sign-in of Device Connect. Choose a person; there are no passwords.</p>
<ul class="people">
{people}
</ul>
<p class="note">For development only. No real person is behind these names.</p>""",
    )


def untrusted(reason: str) -> str:
    return _page(
        "Sign-in cannot go on",
        f"""<h1>Sign-in cannot go on</h1>
<p class="lead">{escape(reason)}</p>
<p>Nothing was sent anywhere. Go back to Device Connect and start again; its address must be the one that the
server was started with.</p>""",
    )


def signed_out() -> str:
    return _page("Signed out", '<h1>You are signed out</h1><p class="lead">You may close this page.</p>')


def _card(person: Person, request: Authorization) -> str:
    role = _ROLES[person.roles[0]]
    url = escape(f"/authorize/as/{person.name}?{request.query()}")
    return f"""<li><a class="person {person.roles[0]}" href="{url}">
<span class="badge" aria-hidden="true">{role[0]}</span>
<span class="who"><strong>{escape(person.display_name)}</strong>
<span class="about">{escape(person.about)}</span></span>
<span class="name">{escape(person.name)}</span></a></li>"""


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · Device Connect</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/page.css">
</head>
<body>
<header><span class="mark" aria-hidden="true"></span><span>Device Connect</span></header>
<main>
{body}
</main>
</body>
</html>
"""
