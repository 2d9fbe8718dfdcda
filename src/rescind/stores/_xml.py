"""XML from a hostile file: elements, attributes and text, nothing else. A document type or an entity of its own is refused."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from rescind.errors import Unparsable
from rescind.stores._text import decode

_DEEPEST, _HEAVIEST, _LONGEST = 64, 100_000, 16 * 1024 * 1024


@dataclass(slots=True)
class Element:
    """One element: its name, attributes, own text (before, between and after its children), and children in file order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)
    children: list[Element] = field(default_factory=list, repr=False)

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it, in file order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack += reversed(element.children)

    def child(self, tag: str) -> str:
        """Return the text of the first child of that name without surrounding blanks, "" where there is none."""
        return next((c.text.strip() for c in self.children if c.tag == tag), "")


def load(blob: bytes) -> Element:
    """Return the root element; names lose their namespace. Raises `Unparsable` for what is no XML, has a DTD, or is too much.

    https://docs.python.org/3/library/xml.html#xml-security
    """
    if len(blob) > _LONGEST:
        raise Unparsable("the XML is larger than a configuration is")
    root = Element("")
    stack, texts, count = [root], [[""]], iter(range(_HEAVIEST))

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEEPEST or next(count, None) is None:
            raise Unparsable("the XML is nested too deep, or has too many elements")
        element = Element(name.rpartition(":")[2], {k.rpartition(":")[2]: v for k, v in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)
        texts.append([])

    def end(_: str) -> None:
        stack.pop().text = "".join(texts.pop())

    def data(text: str) -> None:
        texts[-1].append(text)

    def refuse(*_: object) -> None:
        raise Unparsable("the XML has a document type of its own; it was not followed")

    wide = blob.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )  # a shell on Windows writes it so, whatever the first line says
    blob = decode(blob).encode("utf-8", "surrogateescape") if wide else blob
    parser = expat.ParserCreate("utf-8" if wide else None)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(blob, True)
    except (expat.ExpatError, ValueError, LookupError) as e:
        raise Unparsable("the file is not valid XML") from e
    return root.children[0]
