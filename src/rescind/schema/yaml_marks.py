"""YAML read into plain values with the line and column of each, and none of YAML's surprises.

Aliases, anchors, tags, duplicate keys and several documents are refused; only `true` and `false` are booleans, so that `no` stays
a word (https://yaml.org/spec/1.2.2/#1032-tag-resolution). Everything wrong is a `PlaybookError` with file, line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rescind.errors import PlaybookError
from rescind.schema.faults import KeyPath, pointer

MAX_BYTES = 256 * 1024
_MAX_DEPTH = 24
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class _Scalar:
    start: int
    end: int
    style: str | None
    value: str


@dataclass(slots=True)
class Document:
    """The values of one file (`data`) and where each was written, by key path. Lines and columns count from 1."""

    file: str
    text: str
    data: Any = None
    _values: dict[KeyPath, int] = field(default_factory=dict)
    _keys: dict[KeyPath, int] = field(default_factory=dict)
    _scalars: dict[KeyPath, _Scalar] = field(default_factory=dict)

    def place(self, index: int) -> str:
        """Return `file:line:column` of a character."""
        breaks = [m.end() for m in _BREAK.finditer(self.text, 0, index)]
        return f"{self.file}:{len(breaks) + 1}:{index - (breaks[-1] if breaks else 0) + 1}"

    def at(self, path: KeyPath, *, key: bool = False) -> str:
        """Return `file:line:column` of the value at a key path (or of its key), or of the nearest thing around it."""
        if key and path in self._keys:
            return self.place(self._keys[path])
        while path and path not in self._values:
            path = path[:-1]
        return self.place(self._values.get(path, 0))

    def inside(self, path: KeyPath, line: int, column: int) -> str:
        """Return `file:line:column` in the file for a line and column within the text of a scalar, whatever its style."""
        scalar = self._scalars.get(path)
        if scalar is None:
            return self.at(path)
        lines = scalar.value.split("\n")
        before = "\n".join([*lines[: line - 1], "".join(lines[line - 1 : line])[: column - 1]])
        return self.place(_locate(self.text, scalar, len("".join(before.split()))))


def _locate(text: str, scalar: _Scalar, visible: int) -> int:
    """Return the index of the n-th visible character of a scalar: folding and indentation change only white space."""
    index, end = scalar.start, scalar.end
    if scalar.style in {"|", ">"}:
        index = next((m.end() for m in _BREAK.finditer(text, index, end)), end)
    elif scalar.style:
        index += 1
    while index < end:
        char = text[index]
        width = (
            2
            if (scalar.style == '"' and char == "\\") or (scalar.style == "'" and text[index : index + 2] == "''")
            else 1
        )
        if not char.isspace():
            if visible == 0:
                return index
            visible -= 1
        index += width
    return end


def _refuse(doc: Document, index: int, found: str, allowed: str) -> PlaybookError:
    return PlaybookError(f"{doc.place(index)}: found {found}; allowed: {allowed}")


def _plain(value: str) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    if _INT.fullmatch(value):
        return int(value)
    return float(value) if _FLOAT.fullmatch(value) else value


def _paired(value: str) -> str:
    """Join surrogate pairs, which JSON writes for characters beyond U+FFFF and YAML leaves apart; lone ones stay."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _scalar(doc: Document, event: Any, path: KeyPath) -> Any:
    event.value = _paired(event.value)
    bad = _UNSHOWABLE.search(event.value)
    if bad:
        raise _refuse(doc, event.start_mark.index, f"the character U+{ord(bad.group()):04X}", "printable text")
    doc._scalars[path] = _Scalar(event.start_mark.index, event.end_mark.index, event.style, event.value)  # noqa: SLF001
    return _plain(event.value) if event.implicit[0] else event.value


def _mapping(doc: Document, events: Iterator[Any], path: KeyPath, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        index = event.start_mark.index
        if not isinstance(event, yaml.ScalarEvent):
            raise _refuse(doc, index, "a key that is not a word", "a word followed by a colon")
        _check(doc, event)
        key = event.value
        if key in found:
            raise _refuse(doc, index, f"the key {key!r} a second time in {pointer(path)}", "each key once")
        if _UNSHOWABLE.search(key):
            raise _refuse(doc, index, "a key with control characters", "printable text")
        doc._keys[(*path, key)] = index  # noqa: SLF001
        found[key] = _node(doc, events, next(events), (*path, key), depth)
    return found


def _check(doc: Document, event: Any) -> None:
    index = event.start_mark.index
    if isinstance(event, yaml.AliasEvent):
        raise _refuse(doc, index, f"the alias *{event.anchor}", "the value itself, written out")
    if event.anchor is not None:
        raise _refuse(doc, index, f"the anchor &{event.anchor}", "values without anchors")
    if event.tag is not None:
        raise _refuse(doc, index, f"the tag {event.tag}", "plain words, numbers, lists and mappings")


def _node(doc: Document, events: Iterator[Any], event: Any, path: KeyPath, depth: int) -> Any:
    _check(doc, event)
    doc._values[path] = event.start_mark.index  # noqa: SLF001
    if depth > _MAX_DEPTH:
        raise _refuse(doc, event.start_mark.index, f"more than {_MAX_DEPTH} levels", "fewer levels")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(doc, event, path)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(doc, events, path, depth + 1)
    items: list[Any] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_node(doc, events, event, (*path, len(items)), depth + 1))
    return items


def _document(doc: Document) -> None:
    events: Iterator[Any] = iter(yaml.parse(doc.text, Loader=yaml.SafeLoader))
    event = next(events)
    while not isinstance(event, yaml.DocumentStartEvent):
        if isinstance(event, yaml.StreamEndEvent):
            raise _refuse(doc, 0, "nothing", "a mapping")
        event = next(events)
    doc.data = _node(doc, events, next(events), (), 0)
    next(events)
    after: Any = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise _refuse(doc, after.start_mark.index, "a second document", "one document per file")


def read(text: str, file: str) -> Document:
    """Return the document in YAML text; `file` is the name used in messages. Raises `PlaybookError`."""
    doc = Document(file, text)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PlaybookError(f"{file}:1:1: found more than {MAX_BYTES // 1024} KiB; allowed: {MAX_BYTES // 1024} KiB")
    try:
        _document(doc)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = doc.place(mark.index if mark else 0)
        raise PlaybookError(f"{place}: this is not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        raise _refuse(
            doc, error.position, f"the character U+{ord(text[error.position]):04X}", "printable text"
        ) from None
    return doc
