"""Those who come to the gateway in tests: a browser with its cookies, a script with a bearer, a raw line of HTTP."""

import asyncio
import socket
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import httpx2


async def token(client: httpx2.AsyncClient, user: str = "patient-1") -> str:
    answer = await client.post("/auth/dev/token", json={"user": user})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def bearer(client: httpx2.AsyncClient, user: str = "patient-1") -> dict[str, str]:
    return {"Authorization": f"Bearer {await token(client, user)}"}


class Browser:
    """Keeps `__Host-` cookies as a browser does on localhost, and goes where it is sent."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        headers = dict(options.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self._client.request(method, url, headers=headers, **options)
        for text in answer.headers.get_list("set-cookie"):
            self.set.append(text)
            for name, morsel in SimpleCookie(text).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    async def sign_in(self, name: str = "patient-1", next_: str = "/devices?x=1") -> httpx2.Response:
        away = await self.send("GET", "/auth/login", params={"next": next_})
        assert away.status_code == 302, away.text
        there = urlsplit(away.headers["location"])
        back = await self._client.get(f"{there.scheme}://{there.netloc}/authorize/as/{name}?{there.query}")
        assert back.status_code in (302, 303, 307), back.text
        return await self.send("GET", back.headers["location"])

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.cookies["__Host-csrf"]}


async def raw(client: httpx2.AsyncClient, method: str, path: str) -> bytes:
    """A request whose path no client library tidies up."""
    address = urlsplit(str(client.base_url))
    reader, writer = await asyncio.open_connection(address.hostname, address.port, family=socket.AF_INET)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
