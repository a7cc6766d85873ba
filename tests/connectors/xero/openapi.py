"""The official OpenAPI file as a judge of requests and answers (contract_tools.md, section ii).

The recursive document schemas are cut: a property that points back into the group of documents keeps
only scalar fields. Nothing else changes, except that ``nullable`` is spelled as JSON Schema does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import yaml

ROOT = Path(__file__).parents[3]
BASE = "/api.xro/2.0"
_GROUP = {"Invoice", "CreditNote", "Payment", "Prepayment", "Overpayment", "BatchPayment",
          "Allocation", "ContactGroup"}  # fmt: skip
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
# Bodies that the file describes as plain objects but whose real fields it does not list.
_FREE_KEYS = {"AllocationId"}


def reference_file() -> Path | None:
    """The official file, or None where the shared folder is absent."""
    shared = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared"))
    found = shared / "reference" / "xero" / "xero_accounting.yaml"
    return found if found.exists() else None


def _target(part: dict[str, Any]) -> str:
    return str(part["$ref"]).rsplit("/", 1)[-1]


def _slim(schemas: dict[str, Any], name: str) -> dict[str, Any]:
    kept = {}
    for key, part in schemas[name]["properties"].items():
        scalar = "$ref" not in part and part.get("type") not in {"array", "object"}
        if scalar or ("$ref" in part and schemas[_target(part)].get("enum")):
            kept[key] = part
    known = list(schemas[name]["properties"])
    return {"type": "object", "properties": kept, "x-known": known}


def _cut(part: dict[str, Any], owner: str) -> dict[str, Any]:
    if "$ref" in part:
        name = _target(part)
        if name in _GROUP or (name == "Contact" and owner == "ContactGroup"):
            return {"$ref": f"#/components/schemas/{name}Ref"}
    if part.get("type") == "array":
        return {**part, "items": _cut(part["items"], owner)}
    return part


def _plain_schema(part: Any) -> Any:
    """OpenAPI 3.0 ``nullable`` as JSON Schema."""
    if isinstance(part, list):
        return [_plain_schema(p) for p in part]
    if not isinstance(part, dict):
        return part
    made = {k: _plain_schema(v) for k, v in part.items() if k not in {"example", "nullable"}}
    if part.get("nullable") is True and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


@cache
def document(path: Path) -> dict[str, Any]:
    """The file with its cycles cut."""
    loaded: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    schemas = loaded["components"]["schemas"]
    slim = {f"{name}Ref": _slim(schemas, name) for name in (*_GROUP, "Contact")}
    for owner in _GROUP | {"Contact", "HistoryRecord"}:
        properties = schemas.get(owner, {}).get("properties", {})
        for key, part in properties.items():
            properties[key] = _cut(part, owner)
    schemas.update(slim)
    return loaded


class Judge:
    """Checks exchanges against the file and remembers what was wrong."""

    def __init__(self, path: Path) -> None:
        self._document = document(path)
        self._plain = {
            "components": {"schemas": _plain_schema(self._document["components"]["schemas"])}
        }
        self._validators: dict[str, Any] = {}
        self.violations: list[str] = []
        self.operations: set[str] = set()
        self._routes = [
            (self._pattern(template), template, item)
            for template, item in self._document["paths"].items()
        ]
        self._formats = jsonschema.FormatChecker(formats=["uuid", "email"])

    @staticmethod
    def _pattern(template: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "([^/]+)", template) + "$")

    def _find(self, path: str, method: str) -> tuple[str, dict[str, Any]] | None:
        found = [
            (template, item[method])
            for pattern, template, item in self._routes
            if method in item and pattern.match(path)
        ]
        found.sort(key=lambda f: f[0].count("{"))
        if len(found) > 1 and not _GUID.search(path):
            numbered = [f for f in found if not f[0].rstrip("}").endswith("ID")]
            found = numbered or found
        return found[0] if found else None

    def _resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            held: Any = self._document
            for step in part["$ref"].lstrip("#/").split("/"):
                held = held[step]
            part = held
        return part

    def _validate(self, schema: dict[str, Any], value: Any) -> Iterator[str]:
        name = json.dumps(schema, sort_keys=True)
        if name not in self._validators:
            full = {**_plain_schema(schema), **self._plain}
            self._validators[name] = jsonschema.Draft202012Validator(
                full, format_checker=self._formats
            )
        for error in self._validators[name].iter_errors(value):
            where = "/".join(str(p) for p in error.absolute_path)
            yield f"{where}: {error.message[:200]}"

    def _unknown(self, schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
        """Keys we send that the file does not know (it allows them; we do not)."""
        schema = self._resolve(schema)
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._unknown(schema.get("items", {}), one, f"{at}[{number}]")
        elif isinstance(value, dict) and schema.get("properties"):
            for key, inner in value.items():
                known = {*schema["properties"], *schema.get("x-known", ()), *_FREE_KEYS}
                if key not in known:
                    yield f"{at}.{key}: unknown"
                elif key in schema["properties"]:
                    yield from self._unknown(schema["properties"][key], inner, f"{at}.{key}")

    def check(self, request: httpx.Request, response: httpx.Response) -> None:
        """Judge one exchange under the accounting base path."""
        path = request.url.path
        if not path.startswith(BASE):
            return
        method = request.method.lower()
        found = self._find(path[len(BASE) :], method)
        name = f"{request.method} {path}"
        if found is None:
            self.violations.append(f"{name}: no such operation")
            return
        operation = found[1]
        self.operations.add(operation["operationId"])
        parameters = [self._resolve(p) for p in operation.get("parameters", ())]
        wrong = [*self._parameters(request, parameters), *self._body(request, operation)]
        self.violations += [f"request {name}: {w}" for w in wrong]
        self.violations += [f"answer {name}: {w}" for w in self._answer(response, operation)]

    def _parameters(self, request: httpx.Request, known: list[dict[str, Any]]) -> Iterator[str]:
        queries = {p["name"]: p for p in known if p["in"] == "query"}
        for key, value in request.url.params.multi_items():
            if key not in queries:
                yield f"query {key}: unknown"
                continue
            yield from self._scalar(f"query {key}", queries[key]["schema"], value)
        headers = {p["name"]: p for p in known if p["in"] == "header"}
        headers["xero-tenant-id"] = {
            "schema": {"type": "string", "format": "uuid"},
            "required": True,
        }
        for key, parameter in headers.items():
            value = request.headers.get(key)
            if value is None:
                if parameter.get("required"):
                    yield f"header {key}: missing"
                continue
            yield from self._scalar(f"header {key}", parameter["schema"], value)

    def _scalar(self, name: str, schema: dict[str, Any], value: str) -> Iterator[str]:
        schema = self._resolve(schema)
        given: Any = value
        if schema.get("type") == "boolean":
            given = {"true": True, "false": False}.get(value, value)
        elif schema.get("type") in {"integer", "number"} and value.lstrip("-").isdigit():
            given = int(value)
        elif schema.get("type") == "array":
            given = value.split(",")
        yield from (f"{name} {error}" for error in self._validate(schema, given))

    def _body(self, request: httpx.Request, operation: dict[str, Any]) -> Iterator[str]:
        described = operation.get("requestBody")
        if not request.content:
            if described:
                yield "body: missing"
            return
        if described is None:
            yield "body: not expected"
            return
        content = self._resolve(described)["content"]
        kind = request.headers.get("content-type", "").split(";")[0]
        if kind not in content:
            yield f"content type {kind}: not offered"
            return
        if kind != "application/json":
            # Bytes of a file: nothing about them is described.
            return
        schema = content[kind]["schema"]
        value = json.loads(request.content)
        yield from self._validate(schema, value)
        yield from self._unknown(schema, value, "body")

    def _answer(self, response: httpx.Response, operation: dict[str, Any]) -> Iterator[str]:
        described = operation["responses"].get(str(response.status_code))
        if described is None:
            if response.status_code < 400:
                yield f"status {response.status_code}: not described"
            return
        content = self._resolve(described).get("content", {})
        if "application/json" not in content or not response.content:
            return
        yield from self._validate(
            content["application/json"]["schema"], json.loads(response.content)
        )


class JudgedTransport(httpx.BaseTransport):
    """Passes exchanges to an inner transport and lets the judge see them."""

    def __init__(self, inner: httpx.BaseTransport, judge: Judge | None) -> None:
        self._inner = inner
        self.judge = judge

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._inner.handle_request(request)
        response.read()
        if self.judge is not None:
            self.judge.check(request, response)
        return response
