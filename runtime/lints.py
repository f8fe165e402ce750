"""House rules that no off-the-shelf linter knows: small walks over the syntax tree, `python -m runtime.lints [FILE…]`.

A line may be excused by `# lint-skip: <rule>` and a reason. Rules judge product code; tests may do as they like.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from chassis.log import ALLOWED

ROOT: Final = Path(__file__).resolve().parent.parent
HOUSE: Final = ("proto", "vendors", "chassis", "services", "gateway", "simulator", "runtime")
LONGEST: Final = 500

SQL: Final = re.compile(
    r"^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|CREATE\s+(TABLE|INDEX|ROLE|SCHEMA)\s"
    r"|ALTER\s+(TABLE|ROLE)\s|TRUNCATE\s)"
)
SQL_ROOMS: Final = re.compile(r"^(services/[^/]+/store(\.py|/)|chassis/|runtime/(migrate|doctor)\.py$)")
LEVELS: Final = frozenset({"debug", "info", "warning", "error", "failure"})
CLINICAL: Final = frozenset(
    [
        "body",
        "content",
        "data",
        "fields",
        "item",
        "items",
        "measurement",
        "message",
        "meta",
        "observation",
        "observations",
        "payload",
        "raw",
        "reading",
        "readings",
        "record",
        "records",
        "row",
        "rows",
        "value",
        "values",
    ]
)
"""Names of things that carry what was measured. An id or a count of them may be logged, they themselves never."""
HOOKS: Final = frozenset(
    [
        "guards",
        "before_request",
        "after_request",
        "after_response",
        "on_startup",
        "on_shutdown",
        "before_send",
        "after_exception",
    ]
)
ROUTES: Final = frozenset(
    ["get", "post", "put", "patch", "delete", "head", "route", "asgi", "websocket", "websocket_listener"]
)
VENDORS: Final = re.compile(
    r"(withings|fitbit|dexcom|omron|garmin|oura|whoop|libre|abbott|eko_|tenovi|validic|polar_|samsung|propeller|adherium)",
    re.IGNORECASE,
)


class Fault(NamedTuple):
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class Module:
    """One file, parsed."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.lines = source.splitlines()
        self.tree = ast.parse(source, path)
        self.functions = {
            node.name: node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def excused(self, line: int, rule: str) -> bool:
        return f"# lint-skip: {rule}" in self.lines[line - 1] if line <= len(self.lines) else False


def opening(module: Module) -> Iterator[Fault]:
    """Every module says what it is for, and is short enough to hold one idea."""
    if module.tree.body and not ast.get_docstring(module.tree):
        yield Fault(
            module.path, 1, "opening", "begin with one to three lines: what this is for, what it must not do"
        )
    if len(module.lines) > LONGEST:
        yield Fault(
            module.path,
            LONGEST,
            "length",
            f"{len(module.lines)} lines; above {LONGEST} it needs another home",
        )


def raw_sql(module: Module) -> Iterator[Fault]:
    """SQL is in sight in store rooms, and nowhere else."""
    if SQL_ROOMS.match(module.path):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield Fault(module.path, node.lineno, "raw-sql", "SQL belongs into the service's store")


def phi_in_log(module: Module) -> Iterator[Fault]:
    """A log call has a constant event and allow-listed fields, and no value of them is clinical."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not _is_log_call(node):
            continue
        if not node.args or not (
            isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        ):
            yield Fault(
                module.path, node.lineno, "phi-log", "the event is a constant, never a sentence with values"
            )
        allowed = (
            2 if _name(node.func) == "failure" else 1
        )  # the exception, of which only the type is printed
        for extra in node.args[allowed:]:
            yield Fault(module.path, extra.lineno, "phi-log", "pass named fields")
        for field in node.keywords:
            if field.arg is None or field.arg not in ALLOWED:
                yield Fault(
                    module.path,
                    node.lineno,
                    "phi-log",
                    f"{field.arg or '**'} is not a field that may be logged",
                )
            elif (name := _last_name(field.value)) in CLINICAL:
                yield Fault(
                    module.path, field.value.lineno, "phi-log", f"`{name}` may carry what was measured"
                )


def own_logger(module: Module) -> Iterator[Fault]:
    """Only chassis.log writes logs, because only it leaves out what must not be there."""
    if module.path.startswith("chassis/"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger":
            yield Fault(module.path, node.lineno, "own-logger", "use chassis.log.Log")


def sync_hook(module: Module) -> Iterator[Fault]:
    """Litestar runs a sync guard, hook, dependency or handler in a thread: twice the cost of the request."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and _is_threaded_handler(module, node):
            yield Fault(module.path, node.lineno, "sync-hook", f"handler `{node.name}` must be `async def`")
        if not isinstance(node, ast.Call):
            continue
        given = [each.value for each in node.keywords if each.arg in HOOKS]
        if _name(node) == "Provide":
            given += node.args[:1]
        for name in (name for value in given for name in _functions_in(value)):
            hook = _hook(module, name)
            if isinstance(hook, ast.FunctionDef):
                yield Fault(module.path, node.lineno, "sync-hook", f"`{hook.name}` must be `async def`")


def vendor_name(module: Module) -> Iterator[Fault]:
    """A vendor is a row of data; code that is named after one, or asks for one by name, is in the wrong folder."""
    if module.path.startswith(("vendors/", "simulator/vendors/", "runtime/lints.py")):
        return
    for node in ast.walk(module.tree):
        for name in _identifiers(node):
            if VENDORS.search(name):
                yield Fault(
                    module.path, getattr(node, "lineno", 1), "vendor-name", f"`{name}` belongs below vendors/"
                )


RULES: Final[tuple[Callable[[Module], Iterator[Fault]], ...]] = (
    opening,
    raw_sql,
    phi_in_log,
    own_logger,
    sync_hook,
    vendor_name,
)


def check(path: str, source: str) -> list[Fault]:
    """The faults of one file. `path` is relative to the root, with slashes: rules go by folder."""
    module = Module(path, source)
    found = [fault for rule in RULES for fault in rule(module)]
    return sorted(fault for fault in found if not module.excused(fault.line, fault.rule))


def main(arguments: list[str]) -> int:
    paths = [Path(each).resolve() for each in arguments] or [
        path
        for folder in HOUSE
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "tests" not in path.parts
    ]
    faults = [
        fault
        for path in paths
        for fault in check(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _is_log_call(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and _name(node.func.value) in ("log", "_log")
    )


def _name(node: ast.AST) -> str:
    """The plain name of `f`, `x.f`, `f(…)` or `@f(…)`."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _last_name(node: ast.expr) -> str:
    """What a value is called where it is logged: `x.readings` and `readings["a"]` are readings, `len(x)` is not."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_threaded_handler(module: Module, node: ast.FunctionDef) -> bool:
    """A sync route of Litestar that did not say `sync_to_thread=False`."""
    routes = [each for each in node.decorator_list if _name(each) in ROUTES]
    told = any(
        keyword.arg == "sync_to_thread"
        for each in routes
        if isinstance(each, ast.Call)
        for keyword in each.keywords
    )
    imported = {
        alias.asname or alias.name
        for each in ast.walk(module.tree)
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("litestar")
        for alias in each.names
    }
    return not told and any(_name(each) in imported for each in routes)


def _functions_in(value: ast.expr) -> list[ast.expr]:
    return list(value.elts) if isinstance(value, ast.List | ast.Tuple) else [value]


def _hook(module: Module, node: ast.expr) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function that a hook names, or that a factory in this module answers."""
    function = module.functions.get(_name(node))
    if function is None or not isinstance(node, ast.Call):
        return function
    answered = {
        _name(each.value) for each in ast.walk(function) if isinstance(each, ast.Return) and each.value
    }
    return next((module.functions[name] for name in answered if name in module.functions), None)


def _identifiers(node: ast.AST) -> list[str]:
    """Names that code gives or asks for. Strings count where they are compared; as data they are free."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(alias.name for alias in node.names)]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Compare):
        return [
            each.value
            for each in (node.left, *node.comparators)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
    if (
        isinstance(node, ast.MatchValue)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return [node.value.value]
    return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
