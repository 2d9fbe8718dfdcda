"""YAML from a hostile file: plain data only. Every scalar stays text, tags build nothing, an alias never multiplies."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from rescind.errors import Unparsable
from rescind.stores._text import decode

_LONGEST = 1024 * 1024
_DEEPEST = 64
_HEAVIEST = 200_000  # one for each node, one more for each 64 characters, aliases counted as if written out
_PLAIN = {
    f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null", "map", "seq", "binary", "timestamp")
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Open:
    """A container that is being read; `value` is a list or a dict, `weight` what it holds so far."""

    def __init__(self, value: list[object] | dict[str, object], anchor: str | None) -> None:
        self.value, self.anchor, self.weight = value, anchor, 1
        self.key: str | None = None

    def put(self, item: object, weight: int) -> None:
        self.weight += weight
        if self.weight > _HEAVIEST:
            raise Unparsable("the YAML is larger, with its aliases, than a configuration is")
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is None:
            if not isinstance(item, str):
                raise Unparsable("the YAML has a key that is not text")
            self.key = item
        else:
            self.pair(self.key, item)
            self.key = None

    def pair(self, key: str, item: object) -> None:
        if not isinstance(self.value, dict):
            return
        if key != "<<":
            self.value[key] = item
            return
        for part in item if isinstance(item, list) else [item]:
            for name, inner in part.items() if isinstance(part, dict) else ():
                self.value.setdefault(name, inner)


def load(blob: bytes) -> list[object]:
    """Return the documents of a file: dicts, lists and text. Raises `Unparsable` for broken, huge or too deeply nested YAML.

    A tag that would build something else is an error, never obeyed: https://yaml.org/spec/1.2.2/#24-tags
    """
    text = decode(blob)
    if len(text) > _LONGEST:
        raise Unparsable("the YAML is larger than a configuration is")
    try:
        return list(_documents(text.encode("utf-8", "replace").decode()))
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise Unparsable("the file is not valid YAML") from e


def maps(blob: bytes) -> Iterator[dict[str, object]]:
    """Yield the documents of a file that must be maps; empty ones are left out. Raises `Unparsable`."""
    for document in load(blob):
        if isinstance(document, dict):
            yield document
        elif document:
            raise Unparsable("the file is not a YAML map")


def _documents(text: str) -> Iterator[object]:
    stack: list[_Open] = []
    anchors: dict[str, tuple[object, int]] = {}
    root = _Open([], None)
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            stack, anchors, root = [], {}, _Open([], None)
        elif isinstance(event, yaml.DocumentEndEvent):
            yield from root.value
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            _check(event.tag, len(stack))
            stack.append(_Open([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            done = stack.pop()
            _keep(anchors, done.anchor, done.value, done.weight)
            (stack[-1] if stack else root).put(done.value, done.weight)
        elif isinstance(event, yaml.ScalarEvent):
            _check(event.tag, 0)
            weight = 1 + len(event.value) // 64
            _keep(anchors, event.anchor, event.value, weight)
            (stack[-1] if stack else root).put(event.value, weight)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise Unparsable("the YAML has an alias of nothing, or of what it stands in")
            (stack[-1] if stack else root).put(*anchors[event.anchor])


def _check(tag: str | None, depth: int) -> None:
    if tag not in {None, "!"} and tag not in _PLAIN:
        raise Unparsable("the YAML has a tag that is not for plain data")
    if depth >= _DEEPEST:
        raise Unparsable("the YAML is nested too deep")


def _keep(anchors: dict[str, tuple[object, int]], name: str | None, value: object, weight: int) -> None:
    if name:
        anchors[name] = (value, weight)
