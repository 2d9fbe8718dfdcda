"""Checks requests and answers against an OpenAPI 3.0 description: address, method, parameters and bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Description:
    """One OpenAPI document, read from a file."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = json.loads(path.read_bytes())
        self._paths = [
            (re.compile("/".join("[^/]+" if p.startswith("{") else re.escape(p) for p in path.split("/"))), path)
            for path in sorted(self.document["paths"], key=lambda p: p.count("{"))
        ]

    def request(self, method: str, target: str, body: bytes) -> list[str]:
        """Return what is wrong with a request; nothing when the description allows it."""
        found = self._operation(method, urlsplit(target).path)
        if found is None:
            return [f"no such operation: {method} {target}"]
        path, operation = found
        shared = self.document["paths"][path].get("parameters", [])
        parameters = {(p["in"], p["name"]): p for p in map(self.whole, [*shared, *operation.get("parameters", [])])}
        wrong: list[str] = []
        for name, values in parse_qs(urlsplit(target).query).items():
            known = parameters.get(("query", name))
            wrong += self._value(known["schema"], values[0]) if known else [f"no such query parameter: {name}"]
        parts = zip(path.split("/"), urlsplit(target).path.split("/"), strict=True)
        for template, part in parts:
            if template.startswith("{"):
                wrong += self._value(parameters["path", template[1:-1]]["schema"], unquote(part))
        given = parse_qs(urlsplit(target).query)
        wrong += [
            f"missing: {n}"
            for (at, n), p in parameters.items()
            if at == "query" and p.get("required") and n not in given
        ]
        return wrong + self._body(operation.get("requestBody"), body)

    def answer(self, method: str, target: str, status: int, said: Any) -> list[str]:
        """Return what is wrong with an answer of ours to a request, so that a scripted server stays honest."""
        found = self._operation(method, urlsplit(target).path)
        responses = found[1]["responses"] if found else {}
        if str(status) not in responses:
            return [f"no such answer: {status}"]
        content = self.whole(responses[str(status)]).get("content", {})
        schema = next((c.get("schema") for c in content.values()), None)
        return self._check(schema, said) if schema else []

    def whole(self, part: Any) -> Any:
        """Resolve one reference."""
        while isinstance(part, Mapping) and "$ref" in part:
            target: Any = self.document
            for key in part["$ref"].removeprefix("#/").split("/"):
                target = target[key.replace("~1", "/").replace("~0", "~")]
            part = target
        return part

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        for pattern, template in self._paths:
            if pattern.fullmatch(path) and method.lower() in self.document["paths"][template]:
                return template, self.document["paths"][template][method.lower()]
        return None

    def _value(self, schema: Any, text: str) -> list[str]:
        kind = self.whole(schema).get("type")
        return self._check(schema, int(text) if kind == "integer" and text.lstrip("-").isdecimal() else text)

    def _body(self, described: Any, body: bytes) -> list[str]:
        if described is None:
            return ["a body where none is described"] if body else []
        described = self.whole(described)
        if not body:
            return ["no body"] if described.get("required") else []
        return self._check(described["content"]["application/json"]["schema"], json.loads(body))

    def _check(self, schema: Any, value: Any) -> list[str]:
        import jsonschema  # a second of grammars: only for those who ask

        checker = jsonschema.Draft7Validator(self._plain(schema))
        return [f"{e.json_path}: {e.validator}" for e in checker.iter_errors(value)]

    def _plain(self, schema: Any) -> Any:
        """Return an OpenAPI 3.0 schema as JSON Schema: references in place, `nullable` as a type."""
        if isinstance(schema, list):
            return [self._plain(s) for s in schema]
        if not isinstance(schema, Mapping):
            return schema
        schema = self.whole(schema)
        plain = {
            k: self._plain(v)
            for k, v in schema.items()
            if k not in {"example", "examples", "nullable", "discriminator"}
        }
        return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain
