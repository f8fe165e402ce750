"""The base of structs that may hold health information: their `repr` hides the marked fields."""

from functools import cache
from typing import Any, get_args

import msgspec


@cache
def phi_fields(cls: type) -> frozenset[str]:
    """The names of the fields of a struct class that are marked with `proto.words.PHI`."""
    marked = set()
    for field in msgspec.inspect.type_info(cls).fields:  # type: ignore[attr-defined]
        if _is_marked(field.type):
            marked.add(field.name)
    return frozenset(marked)


def _is_marked(kind: Any) -> bool:
    if isinstance(kind, msgspec.inspect.Metadata):
        return bool((kind.extra or {}).get("phi")) or _is_marked(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_marked(part) for part in kind.types)
    return False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A struct whose `repr` prints a dot in place of each field marked as PHI."""

    def __repr__(self) -> str:
        hidden = phi_fields(type(self))
        shown = (
            f"{name}={'•' if name in hidden else repr(getattr(self, name))}"
            for name in self.__struct_fields__
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def union_members(alias: Any) -> tuple[Any, ...]:
    """The members of a union or literal type, in the order they were written."""
    return get_args(alias)
