"""`audit verify`: checks an exported trail offline, from its bytes, with code of its own.

With `walk`, `completeness` and `reader` it is a program of its own: standard library and the Ed25519 primitive, nothing of the
writer; entries are hashed as exported and never spelled again. Two verdicts: *integrity* (nothing changed, removed, added, reordered
or cut off) and *completeness* (every planned step has its intent and outcome). The file is described in `rescind.audit.export`, the
tree in RFC 6962 §2.1 (https://www.rfc-editor.org/rfc/rfc6962#section-2.1).
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from rescind.audit.reader import Flaw, Head, Lines, one_spelling, open_head, read_head, read_vkey, unbase64
from rescind.audit.walk import State, partial, whole

TRUNCATION = (
    "an export cut back to an older valid checkpoint is detectable only with a later one: pass --checkpoint FILE"
)
OWN_KEY = "the key was taken from the file itself: whoever can replace the file can replace the key; pass --vkey"
_HEADER = {"schema", "origin", "vkey", "size", "root"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the check found. `where` says what is wrong, at which line and entry; `key_source` tells whose word the key is."""

    integrity: Literal["ok", "failed"]
    completeness: Literal["complete", "open", "incomplete", "unknown"]
    where: str = ""
    line: int = 0
    entry: int | None = None
    problems: tuple[str, ...] = ()
    open_runs: tuple[str, ...] = ()
    size: int = 0
    root: str = ""
    origin: str = ""
    vkey: str = ""
    key_source: Literal["given", "file"] = "file"
    run: str | None = None
    checkpoints: int = 0
    truncation_note: str = ""
    notes: tuple[str, ...] = ()


def check(source: Path | str | bytes | BinaryIO, *, vkey: str | None = None, checkpoint: str | None = None) -> Verdict:
    """Check an export: a path, its bytes, or a binary stream.

    `vkey` is the verifier key from a trusted place; without it the key is taken from the file itself, and the verdict says so.
    `checkpoint` is the text of a signed head that was kept elsewhere: the export must agree with it and reach it. Raises `OSError` only.
    """
    key: dict[str, Any] = {
        "key_source": "given" if vkey else "file",
        "truncation_note": "" if checkpoint else TRUNCATION,
    }
    notes = [] if vkey else [OWN_KEY]
    with ExitStack() as opened:
        if isinstance(source, bytes):
            source = io.BytesIO(source)
        lines = Lines(opened.enter_context(Path(source).open("rb")) if isinstance(source, Path | str) else source)
        try:
            state = _read(lines, vkey, checkpoint)
            if checkpoint:
                notes += _compare(state, checkpoint)
        except Flaw as flaw:
            line = flaw.line or lines.number
            place = f"line {line}" if flaw.entry is None else f"entry {flaw.entry} (line {line})"
            where = f"{place}: {flaw.what}"
            return Verdict(
                integrity="failed",
                completeness="unknown",
                where=where,
                line=line,
                entry=flaw.entry,
                notes=tuple(notes),
                **key,
            )
    if state.backwards:
        notes.append(f"the clock went backwards {len(state.backwards)} times, first at entry {state.backwards[0]}")
    problems, still_open = state.runs.problems(), state.runs.still_open()
    return Verdict(
        integrity="ok",
        completeness="incomplete" if problems else "open" if still_open else "complete",
        problems=problems,
        open_runs=still_open,
        size=state.size,
        root=state.root.hex(),
        origin=state.origin,
        vkey=state.vkey,
        run=state.run,
        checkpoints=state.checkpoints,
        notes=tuple(notes),
        **key,
    )


def _read(lines: Lines, vkey: str | None, checkpoint: str | None) -> State:
    line = lines.next()
    if line is None:
        raise Flaw("the export is empty")
    state = _header(line, vkey)
    if checkpoint:
        state.later_size = read_head(checkpoint).size
    if state.run is None:
        whole(state, lines)
    else:
        partial(state, lines, line)
    return state


def _header(line: bytes, vkey: str | None) -> State:
    header = one_spelling(line)
    if (
        not isinstance(header, dict)
        or header.keys() - {"run", "seqs"} != _HEADER
        or header["schema"] != "rescind.audit-export/1"
    ):
        raise Flaw("not the header of an audit export")
    size, run, seqs = header["size"], header.get("run"), header.get("seqs", [])
    if (
        type(size) is not int
        or size < 1
        or ("run" in header) != ("seqs" in header)
        or (run is not None and type(run) is not str)
    ):
        raise Flaw("not the header of an audit export")
    if run is not None and not (
        isinstance(seqs, list) and seqs and all(type(s) is int and 0 <= s < size for s in seqs)
    ):
        raise Flaw("the header names no entries of the run")
    if vkey is not None and header["vkey"] != vkey:
        raise Flaw("the export names another key than the one given")
    name, _, _ = read_vkey(header["vkey"])
    if header["origin"] != name:
        raise Flaw("the header names another log than its key")
    return State(name, header["vkey"], size, unbase64(header["root"], 32), run, tuple(seqs))


def _compare(state: State, checkpoint: str) -> list[str]:
    """Hold the export against a checkpoint that was kept elsewhere."""
    keys = {state.vkey, *(vkey for _, vkey in state.heads)}
    signed = [vkey for vkey in keys if f"\n— {read_vkey(vkey)[0]} " in checkpoint]
    if not signed:
        raise Flaw("the checkpoint given belongs to another log")
    later = _first(checkpoint, signed)
    if later.size > state.size:
        raise Flaw(f"cut off: the checkpoint given covers {later.size} entries, the export ends after {state.size}")
    if state.run is not None and later.size < state.size:
        return ["the checkpoint given is older than this export of one run and could not be compared with it"]
    if later.root != (state.root if later.size == state.size else state.root_at_later):
        raise Flaw(f"the first {later.size} entries are not those of the checkpoint given")
    return []


def _first(checkpoint: str, vkeys: list[str]) -> Head:
    flaw = Flaw("the checkpoint given does not check")
    for vkey in vkeys:
        try:
            return open_head(checkpoint, vkey)
        except Flaw as found:
            flaw = Flaw(f"the checkpoint given: {found.what}")
    raise flaw
