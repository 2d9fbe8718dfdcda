"""The checker's walk over an export: its own hashing loop over the bytes as they stand, and its own proofs.

Standard library and `reader` only; nothing of the writer. The tree is that of RFC 6962 §2.1
(https://www.rfc-editor.org/rfc/rfc6962#section-2.1); the file is described in `rescind.audit.export`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from rescind.audit.completeness import Runs
from rescind.audit.reader import Flaw, Head, Lines, one_spelling, open_head, open_note, read_vkey, strict_json, unbase64

_FIELDS = {"schema", "seq", "at", "type", "run", "step", "actor", "data"}
_TEXTS = ("at", "type", "run", "step", "actor")
_LEAF_LINE = 256 * 32
_sha256 = hashlib.sha256


@dataclass(slots=True)
class State:
    """What has been read so far: the header, then what the entries add up to."""

    origin: str
    vkey: str
    size: int
    root: bytes
    run: str | None = None
    seqs: tuple[int, ...] = ()
    later_size: int = -1
    root_at_later: bytes = _sha256(b"").digest()
    leaves: bytes = b""
    count: int = 0
    frontier: list[bytes] = field(default_factory=list)
    heads: list[tuple[Head, str]] = field(default_factory=list)  # what the entries say was signed, and with which key
    checkpoints: int = 0
    runs: Runs = field(default_factory=Runs)
    at: str = ""
    backwards: list[int] = field(default_factory=list)


def whole(state: State, lines: Lines) -> None:
    """Check a whole trail after its header: leaf lists, entries, checkpoints. Raises `Flaw`."""
    line = lines.next()
    leaves = bytearray()
    while line is not None and line.startswith(b'{"leaves":'):
        if len(leaves) % _LEAF_LINE:
            raise Flaw("a leaf list follows one that was not full")
        leaves += _leaf_list(line)
        line = lines.next()
    state.leaves = bytes(leaves)
    if len(leaves) != 32 * state.size:
        raise Flaw(f"the leaf list names {len(leaves) // 32} entries, the header {state.size}", line=2)
    if (
        _root_of(state.leaves) != state.root
    ):  # before the entries, so that a leaf that differs there is the entry's fault
        raise Flaw("the leaf list does not lead to the header's root", line=2)
    while line is not None and line[:1] != b'"':
        _entry(state, line)
        line = lines.next()
    if state.count != state.size:
        raise Flaw(f"cut off: of {state.size} entries, this one and what follows are missing", entry=state.count)
    if not state.heads or state.heads[-1][0].size != state.size:
        first = state.heads[-1][0].size if state.heads else 0
        raise Flaw("this entry and what follows are not covered by a signed head", entry=first)
    while line is not None:
        _checkpoint(state, line)
        line = lines.next()
    if state.checkpoints != len(state.heads):
        raise Flaw(f"cut off: {state.checkpoints} of {len(state.heads)} checkpoints")


def _leaf_list(line: bytes) -> bytes:
    value = one_spelling(line)
    leaves = unbase64(value["leaves"]) if value.keys() == {"leaves"} else b""
    if not 0 < len(leaves) <= _LEAF_LINE or len(leaves) % 32:
        raise Flaw("not a leaf list")
    return leaves


def _entry(state: State, line: bytes) -> None:
    """Take in the next entry: its leaf, the tree's growth, then what it says."""
    seq = state.count
    node = _sha256(b"\x00" + line).digest()
    if node != state.leaves[32 * seq : 32 * seq + 32]:
        raise _blame(state, seq, node)
    entry = strict_json(line)
    _shape(entry, seq)
    _grow(state.frontier, seq, node)
    state.count = size = seq + 1
    if size == state.later_size:
        state.root_at_later = _root(state.frontier)
    if entry["type"] == "head":
        _head(state, entry["data"], size)
    _facts(state, entry)


def _shape(entry: Any, seq: int) -> None:
    if (
        not isinstance(entry, dict)
        or entry.keys() != _FIELDS
        or entry["schema"] != "rescind.audit/1"
        or type(entry["data"]) is not dict
    ):
        raise Flaw("not an audit entry", entry=seq)
    if entry["seq"] != seq or type(entry["seq"]) is not int:
        raise Flaw("carries another number: missing, added or moved", entry=seq)
    for name in _TEXTS:
        if type(entry[name]) is not str:
            raise Flaw(f"its {name} is not text", entry=seq)


def _facts(state: State, entry: dict[str, Any]) -> None:
    if entry["at"] < state.at:
        state.backwards.append(entry["seq"])
    state.at = entry["at"]
    state.runs.see(entry)


def _head(state: State, data: dict[str, Any], size: int) -> None:
    if data.keys() != {"checkpoint", "vkey"} or data["checkpoint"] != len(state.heads) + 1:
        raise Flaw(f"a head that is not number {len(state.heads) + 1}", entry=size - 1)
    name, _, _ = read_vkey(data["vkey"])
    state.heads.append((Head(name, size, _root(state.frontier)), data["vkey"]))


def _blame(state: State, seq: int, leaf: bytes) -> Flaw:
    """Tell what stands where entry `seq` should, by what the leaf list knows."""
    if seq >= state.size:
        return Flaw(f"added: the header names {state.size} entries", entry=seq)
    other = next((i for i in range(state.size) if state.leaves[32 * i : 32 * i + 32] == leaf), None)
    if other is None:
        return Flaw("changed or added: its bytes are not those that were signed", entry=seq)
    return Flaw(f"missing, repeated or moved: entry {other} stands in its place", entry=seq)


def _checkpoint(state: State, line: bytes) -> None:
    number = state.checkpoints
    if number >= len(state.heads):
        raise Flaw("something follows the last checkpoint")
    expected, vkey = state.heads[number]
    last = number == len(state.heads) - 1
    if last and vkey != state.vkey:
        raise Flaw("the last checkpoint was signed with another key than the header's")
    if open_head(one_spelling(line), vkey) != expected:
        raise Flaw(f"checkpoint {number + 1} of size {expected.size} does not agree with the entries")
    if last and expected.root != state.root:
        raise Flaw("the header's root is not the one that was signed")
    state.checkpoints += 1


def partial(state: State, lines: Lines, header: bytes) -> None:
    """Check an export of one run: each entry by its inclusion proof, the selection by the signed digest at the end. Raises `Flaw`."""
    digest = _sha256(header + b"\n")
    for seq in state.seqs:
        line = lines.next()
        if line is None or line[:1] == b'"':
            raise Flaw("missing: the header names it", entry=seq)
        _proven(state, line, seq)
        digest.update(line + b"\n")
    line = lines.next() or b""
    if open_head(one_spelling(line), state.vkey) != Head(state.origin, state.size, state.root):
        raise Flaw("the checkpoint does not agree with the header")
    digest.update(line + b"\n")
    state.checkpoints = 1
    text = open_note(one_spelling(lines.next() or b""), state.vkey)
    if text != f"{state.origin}/export\n{base64.b64encode(digest.digest()).decode()}\n":
        raise Flaw("the lines before this one are not those that were signed")
    if lines.next() is not None:
        raise Flaw("something follows the end")


def _proven(state: State, line: bytes, seq: int) -> None:
    value = one_spelling(line)
    if not isinstance(value, dict) or value.keys() != {"entry", "proof"} or not isinstance(value["entry"], str):
        raise Flaw("not an entry with its proof", entry=seq)
    raw = value["entry"].encode("utf-8", "surrogatepass")
    entry = strict_json(raw)
    _shape(entry, seq)
    node, index, last = _sha256(b"\x00" + raw).digest(), seq, state.size - 1
    for encoded in value["proof"] if isinstance(value["proof"], list) else ():
        sibling = unbase64(encoded, 32)
        while index == last and not index & 1 and last:  # no sibling on this level: the node moves up as it is
            index, last = index >> 1, last >> 1
        node = _sha256(b"\x01" + (sibling + node if index & 1 else node + sibling)).digest()
        index, last = index >> 1, last >> 1
    while last and index == last and not index & 1:
        index, last = index >> 1, last >> 1
    if last or node != state.root:
        raise Flaw("its bytes and proof do not lead to the signed root", entry=seq)
    if entry["run"] != state.run:
        raise Flaw("belongs to another run", entry=seq)
    _facts(state, entry)


def _grow(frontier: list[bytes], size: int, node: bytes) -> None:
    """Add a leaf to the roots of the perfect subtrees of a tree of `size` leaves."""
    while size & 1:
        node = _sha256(b"\x01" + frontier.pop() + node).digest()
        size >>= 1
    frontier.append(node)


def _root_of(leaves: bytes) -> bytes:
    frontier: list[bytes] = []
    for index in range(len(leaves) // 32):
        _grow(frontier, index, leaves[32 * index : 32 * index + 32])
    return _root(frontier)


def _root(frontier: list[bytes]) -> bytes:
    node = frontier[-1]
    for left in frontier[-2::-1]:
        node = _sha256(b"\x01" + left + node).digest()
    return node
