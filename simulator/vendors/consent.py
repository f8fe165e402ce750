"""The page where a person allows an application to read: whose account, which scopes, yes or no. As whole HTML without
script; and the same decision as a link or a plain form, for programs."""

from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from simulator.identity import pages
from simulator.vendors.wire import Call, Reply, html_reply, redirect

if TYPE_CHECKING:
    from simulator.vendors.cloud import Cloud

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
CSS: Final = """
form { display: grid; gap: 16px; }
fieldset { margin: 0; padding: 12px 16px 16px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); }
legend { padding: 0 8px; font-weight: 600; }
label { display: flex; gap: 12px; align-items: center; min-height: 44px; }
input { width: 20px; height: 20px; accent-color: var(--brand); }
.answers { display: flex; gap: 12px; flex-wrap: wrap; }
button {
  min-height: 48px; padding: 0 24px; border-radius: 14px; border: 1px solid var(--border); font: inherit; font-weight: 600;
  background: var(--surface); color: var(--text); cursor: pointer;
}
button.yes { background: var(--brand); color: var(--on-brand); border-color: var(--brand); }
button:focus-visible, input:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
"""
NEW: Final = "new"


async def authorize(cloud: "Cloud", call: Call, public_url: str) -> Reply:
    """RFC 6749 §4.1.1 and .2. Who is not known and where nobody may be sent is told to the person, not to the address."""
    asked = call.form
    back = asked.get("redirect_uri", "")
    if not asked.get("client_id") or not may_return_to(back, public_url):
        reason = "The application that sent you here is not known, or its address is not one of this machine."
        return html_reply(pages.untrusted(reason), pages.HEADERS, 400)
    if asked.get("response_type") != "code":
        return _back(asked, error="unsupported_response_type")
    if cloud.rules.pkce and (asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge")):
        return _back(asked, error="invalid_request")
    decision = asked.get("decide", "")
    if decision == "deny":
        return _back(asked, error="access_denied")
    if decision != "approve":
        return html_reply(_page(cloud, call, asked), _headers(back))
    scopes = _allowed(cloud, asked)
    if scopes is None:
        return _back(asked, error="invalid_scope")
    user = asked.get("user", "") or NEW
    if user != NEW and user not in cloud.accounts:
        return html_reply(pages.untrusted("There is no such account."), pages.HEADERS, 404)
    account = cloud.accounts[user] if user != NEW else await cloud.create(cloud.next_seed())
    code = cloud.grants.code(
        client_id=asked["client_id"],
        user_id=account.user_id,
        scopes=scopes,
        redirect_uri=back,
        challenge=asked.get("code_challenge", ""),
        now=cloud.now(),
    )
    return _back(asked, code=code)


def may_return_to(url: str, public_url: str) -> bool:
    """To the platform or to this machine."""
    parts = urlsplit(url)
    ours = urlsplit(public_url)
    return parts.scheme in ("http", "https") and (
        parts.hostname in LOOPBACK or (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
    )


def _asked_scopes(cloud: "Cloud", asked: dict[str, str]) -> tuple[str, ...]:
    named = asked.get("scope", "").replace(cloud.scope_separator, " ").split()
    return tuple(named) if named else tuple(cloud.scopes)


def _allowed(cloud: "Cloud", asked: dict[str, str]) -> tuple[str, ...] | None:
    """What was asked for and ticked (`allow:<scope>` of the page, `scopes=` of a link). None for an unknown scope."""
    wanted = _asked_scopes(cloud, asked)
    if any(scope not in cloud.scopes for scope in wanted):
        return None
    if asked.get("chosen") == "form":
        return tuple(scope for scope in wanted if f"allow:{scope}" in asked)
    if "scopes" in asked:
        some = asked["scopes"].replace(",", " ").split()
        return tuple(scope for scope in wanted if scope in some)
    return wanted


def _back(asked: dict[str, str], **told: str) -> Reply:
    answer = {**told, "state": asked["state"]} if "state" in asked else told
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return redirect(f"{asked['redirect_uri']}{joint}{urlencode(answer)}")


def _headers(back: str) -> dict[str, str]:
    """The form goes here, and from here to where the person came from; browsers check both."""
    origin = urlsplit(back)
    policy = pages.POLICY.replace(
        "form-action 'none'", f"form-action 'self' {origin.scheme}://{origin.netloc}"
    )
    return {**pages.HEADERS, "Content-Security-Policy": policy}


def _page(cloud: "Cloud", call: Call, asked: dict[str, str]) -> str:
    kept = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(text)}">'
        for name, text in {**asked, "chosen": "form"}.items()
    )
    first = next(iter(cloud.accounts), NEW)
    people = "\n".join(
        _choice(
            "radio", "user", account.user_id, f"{account.name} ({account.zone})", account.user_id == first
        )
        for account in cloud.accounts.values()
    )
    people += _choice("radio", "user", NEW, "Someone new, with 90 days of history", first == NEW)
    scopes = "\n".join(
        _choice("checkbox", f"allow:{scope}", "yes", f"{cloud.scopes.get(scope, 'unknown')} ({scope})", True)
        for scope in _asked_scopes(cloud, asked)
    )
    action = escape(f"/clouds/{call.host}{call.path}")
    title = escape(cloud.title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Device Connect</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/page.css">
<link rel="stylesheet" href="/clouds/static/consent.css">
</head>
<body>
<header><span class="mark" aria-hidden="true"></span><span>{title}, simulated</span></header>
<main>
<h1>May Device Connect read your {title} data?</h1>
<p class="lead">This stands in for {title}'s own page. Nothing here is a real account.</p>
<form method="post" action="{action}">
{kept}
<fieldset><legend>Account</legend>
{people}
</fieldset>
<fieldset><legend>Allow</legend>
{scopes}
</fieldset>
<div class="answers">
<button class="yes" name="decide" value="approve">Allow</button>
<button name="decide" value="deny">Refuse</button>
</div>
</form>
<p class="note">For development only. Take away a tick to allow less.</p>
</main>
</body>
</html>
"""


def _choice(kind: str, name: str, value: str, text: str, checked: bool) -> str:
    ticked = " checked" if checked else ""
    return (
        f'<label><input type="{kind}" name="{escape(name)}" value="{escape(value)}"{ticked}>'
        f"{escape(text)}</label>"
    )
