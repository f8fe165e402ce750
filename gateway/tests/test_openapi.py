"""The merged description: everything of everybody, nothing of the inside, always the same text."""

from typing import Any

import msgspec

from gateway.openapi import merge


def document(path: str, name: str) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "paths": {path: {"get": {"responses": {}}}, "/internal/x": {"post": {}}},
        "components": {"schemas": {name: {"title": path}}},
    }


def test_paths_and_components_of_all_are_there_and_the_gateways_own() -> None:
    merged = merge([document("/api/v1/hubs", "Hub"), document("/api/v1/me", "Me")])

    assert {"/api/v1/hubs", "/api/v1/me", "/auth/login", "/ws/live", "/api/v1/stream"} <= set(merged["paths"])
    assert {"Hub", "Me", "LiveTicket", "Problem"} <= set(merged["components"]["schemas"])
    assert {"bearer", "session", "csrf", "ingestToken", "hub"} <= set(merged["components"]["securitySchemes"])


def test_what_is_for_inside_stays_inside() -> None:
    assert not [path for path in merge([document("/a", "A")])["paths"] if path.startswith("/internal")]


def test_two_methods_of_one_path_from_two_services_meet() -> None:
    other: dict[str, Any] = {"paths": {"/a": {"post": {}}}}

    assert set(merge([document("/a", "A"), other])["paths"]["/a"]) == {"get", "post"}


def test_the_same_documents_give_the_same_text_in_any_order_of_keys() -> None:
    documents = [document("/b", "B"), document("/a", "A")]

    assert msgspec.json.encode(merge(documents)) == msgspec.json.encode(merge(documents[::-1]))


def test_every_reference_of_our_own_operations_leads_somewhere() -> None:
    merged = merge([])
    text = msgspec.json.encode(merged).decode()
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}

    assert names <= set(merged["components"]["schemas"])
