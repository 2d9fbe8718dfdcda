"""Playbooks: YAML in, a frozen `Playbook` with compiled selections out, or an error that names file, line and column."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.errors import PlaybookError
from rescind.models.credential import EndState
from rescind.models.kind import CaseVerb, Verb
from rescind.models.playbook import EVERY_KIND, CaseItem, Phase, Playbook, PlaybookStep, Rule, Selector
from rescind.schema import selector
from rescind.schema.bounded import read_bounded
from rescind.schema.faults import Fault, KeyPath, checked, nearest, shown
from rescind.schema.playbook_shape import PhaseShape, PlaybookShape, grace_seconds, seconds
from rescind.schema.yaml_marks import MAX_BYTES, Document, read

_CASE_VERBS = tuple(v.value for v in CaseVerb)
_VERBS = tuple(v.value for v in Verb)


def _folder() -> Path:
    """Return where shipped playbooks lie: inside the installed package, or at the top of a checkout."""
    packaged = Path(str(files("rescind") / "_playbooks"))
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "playbooks"


def shipped() -> Mapping[str, Path]:
    """Return the shipped playbooks by name."""
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


def _find(name_or_path: str | Path) -> Path:
    """Return the file meant. A bare name is only ever a shipped playbook: what lies in the working directory may be planted."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or os.sep in text or text.endswith((".yaml", ".yml")):
        return Path(text).expanduser()
    known = shipped()
    if text in known:
        return known[text]
    near = nearest(text, known)
    raise PlaybookError(
        f"found the unknown playbook {text[:80]!r}; allowed: {', '.join(known)}, or a path to a .yaml file"
        + (f"; did you mean {near!r}?" if near else ""),
        hint="`rescind catalogue playbooks` lists them.",
    )


def _say(doc: Document, fault: Fault) -> PlaybookError:
    place = doc.at(fault.path, key=fault.on_key)
    if fault.kind == "enum" and fault.value in _CASE_VERBS and fault.path[-2:-1] in {("verbs",), ("prefer",)}:
        return PlaybookError(
            f"{place}: {replace(fault, near='')}; {fault.value!r} is a verb for the case as a whole",
            hint=f"{', '.join(_CASE_VERBS)} go under `case:` of a phase, beside its `steps:`.",
        )
    if fault.kind == "enum" and fault.value in _VERBS and fault.path[-1:] == ("verb",):
        return PlaybookError(
            f"{place}: {replace(fault, near='')}; {fault.value!r} is a verb for credentials",
            hint=f"{', '.join(_VERBS)} go under `steps:` of a phase, with a `select:`.",
        )
    return PlaybookError(f"{place}: {fault}")


def _select(doc: Document, text: str, path: KeyPath) -> Selector:
    return selector.compile(text, locate=lambda line, column: doc.inside(path, line, column))


def _phases(doc: Document, shape: PlaybookShape) -> tuple[Phase, ...]:
    names: set[str] = set()
    phases: list[Phase] = []
    for i, phase in enumerate(shape.phases):
        if phase.name in names:
            raise PlaybookError(
                f"{doc.at(('phases', i, 'name'))}: found the phase {phase.name!r} a second time; allowed: each name once"
            )
        names.add(phase.name)
        _each_task_once(doc, phase, i)
        isolated = any(item.verb is CaseVerb.ISOLATE for earlier in phases for item in earlier.case)
        if phase.gate == "isolate" and not isolated:
            raise PlaybookError(
                f"{doc.at(('phases', i, 'gate'))}: found a gate that nothing opens; allowed: isolate, after a phase with the case verb isolate"
            )
        steps = tuple(
            PlaybookStep(
                select=_select(doc, step.select, ("phases", i, "steps", j, "select")),
                verbs=_once(
                    doc, step.verbs or step.prefer, ("phases", i, "steps", j, "verbs" if step.verbs else "prefer")
                ),
                prefer=bool(step.prefer),
                wait_seconds=seconds(step.wait),
                approval=step.approval,
            )
            for j, step in enumerate(phase.steps)
        )
        phases.append(
            Phase(
                name=phase.name,
                steps=steps,
                case=tuple(CaseItem(**item.model_dump()) for item in phase.case),
                after_seconds=grace_seconds(phase.after),
                gate="" if phase.gate == "none" else phase.gate,
            )
        )
    return tuple(phases)


def _each_task_once(doc: Document, phase: PhaseShape, i: int) -> None:
    seen: set[tuple[str, str]] = set()
    for j, item in enumerate(phase.case):
        if (item.verb, item.task) in seen:
            raise PlaybookError(
                f"{doc.at(('phases', i, 'case', j))}: found the same task a second time; allowed: each verb and task once in a phase"
            )
        seen.add((item.verb, item.task))


def _once(doc: Document, verbs: tuple[Verb, ...], path: KeyPath) -> tuple[Verb, ...]:
    for i, verb in enumerate(verbs):
        if verb in verbs[:i]:
            raise PlaybookError(
                f"{doc.at((*path, i))}: found {verb.value!r} a second time; allowed: each verb once in a step"
            )
    return verbs


def _known_kinds(doc: Document, kinds: tuple[str, ...]) -> tuple[str, ...]:
    known = catalogue.kinds()
    for i, kind in enumerate(kinds):
        if kind not in known:
            near = nearest(kind, known)
            raise PlaybookError(
                f"{doc.at(('scope', 'kinds', i))}: found the unknown kind {kind!r}"
                + (f"; did you mean {near!r}?" if near else ""),
                hint="`rescind catalogue kinds` lists them.",
            )
    return kinds


def _freeze(doc: Document, shape: PlaybookShape) -> Playbook:
    return Playbook(
        name=shape.name,
        version=shape.version,
        title=shape.title,
        description=shape.description,
        inputs=shape.inputs.model_dump(),
        evidence=shape.scope.evidence,
        providers=shape.scope.providers,
        sides=shape.scope.sides,
        kinds=_known_kinds(doc, shape.scope.kinds) or ((EVERY_KIND,) if shape.scope.identities else ()),
        max_credentials=shape.limits.max_credentials,
        sweep_rounds=shape.sweep.rounds,
        sweep_after=tuple(map(seconds, shape.sweep.after)),
        phases=_phases(doc, shape),
        manual=tuple(
            Rule(select=_select(doc, r.select, ("manual", i, "select")), task=r.task)
            for i, r in enumerate(shape.manual)
        ),
        skip=tuple(
            Rule(select=_select(doc, r.select, ("skip", i, "select")), reason=r.reason)
            for i, r in enumerate(shape.skip)
        ),
        accept=tuple(
            Rule(select=_select(doc, r.select, ("accept", i, "select")), state=EndState(r.state.value))
            for i, r in enumerate(shape.accept)
        ),
        on_failure=shape.on_failure,
        source=shape.content(),
    )


def parse_playbook(text: str, file: str) -> Playbook:
    """Return the playbook in YAML text; `file` is the name used in messages. Raises `PlaybookError`, nothing else."""
    doc = read(text, file)
    if not isinstance(doc.data, dict):
        raise PlaybookError(
            f"{doc.at(())}: found {shown(doc.data)}; allowed: a mapping with name, version, title and phases"
        )
    data: dict[str, Any] = doc.data
    shape = checked(lambda: PlaybookShape.model_validate_json(json.dumps(data)), PlaybookShape)
    if isinstance(shape, Fault):
        raise _say(doc, shape)
    return _freeze(doc, shape)


def load_playbook(name_or_path: str | Path) -> Playbook:
    """Return a shipped playbook by name, or the one in a file. Raises `PlaybookError`."""
    path = _find(name_or_path)
    blob = read_bounded(path, MAX_BYTES, PlaybookError)
    try:
        text = blob.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlaybookError(
            f"{path}: found bytes that are not UTF-8 at offset {error.start}; allowed: UTF-8 text"
        ) from None
    return parse_playbook(text, str(path))
