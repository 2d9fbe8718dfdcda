"""Least privilege per playbook, out of the kinds' own `permissions`: IAM policies for AWS, custom roles and scopes for Google, HCL policies for
OpenBao and Vault.

`plan` holds what `plan`, `doctor` and `scan` need; `apply` holds that and what ends credentials. An action that no kind of the
playbook's scope declares is in neither. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
https://openbao.org/docs/concepts/policies/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

from rescind import catalogue
from rescind.dev.graph_roles import manifest
from rescind.errors import PlaybookError
from rescind.models.credential import Credential, Ownership, Relation
from rescind.models.evidence import State
from rescind.models.kind import Kind, Verb
from rescind.models.playbook import EVERY_KIND, Playbook, PlaybookStep, Selector
from rescind.models.use import Source
from rescind.schema.playbook import load_playbook, shipped

MOUNT = "pki"
_AZURE = re.compile(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|action|write|delete)")
_TELLS = ("Microsoft.Authorization/permissions/read", "Microsoft.Resources/subscriptions/resourceGroups/read")
"""What `rescind doctor` asks Azure with what the identity may do."""
_AWS = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")
_GOOGLE = re.compile(
    r"(iam\.googleapis\.com/[A-Za-z]+|(iam|apikeys|storage|resourcemanager|logging|policyanalyzer)\.[A-Za-z]+)\.[A-Za-z]+"
)
_VARIED: tuple[tuple[str, tuple[str, ...], tuple[object, ...]], ...] = (
    ("relation", ("relation",), tuple(Relation)),
    ("ownership", ("ownership",), tuple(Ownership)),
    ("state", ("state", "expired"), tuple(State)),
    ("last_used", ("used_days_ago",), (None, "2025-01-01T00:00:00Z")),
)
"""What a kind's credentials differ in, and the words by which an expression asks for it."""
_SCOPE = re.compile(r"https://www\.googleapis\.com/auth/[a-z.-]+")
_PATH = re.compile(r"(?P<path>[^:\s]+): (?P<capabilities>[a-z, ]+)")
_ON = re.compile(r"(?P<capability>create|read|update|delete|list|sudo|patch)(?: on)? (?P<path>[^\s,]+)")


def in_scope(book: Playbook) -> list[Kind]:
    """Return every kind that a playbook's plan lists and looks at: those it names, or all of its providers' but identities."""
    rows = [k for k in catalogue.kinds().values() if not book.providers or k.provider in book.providers]
    return [k for k in rows if (k.id in book.kinds or EVERY_KIND in book.kinds if book.kinds else not k.identity)]


def reached(step: PlaybookStep, kind: Kind) -> tuple[Verb, ...]:
    """Return the verbs that a step may carry out on credentials of a kind. In doubt it may."""
    if not _may_select(step, kind):
        return ()
    offered = tuple(v for v in step.verbs if v in kind.actions or (v is Verb.ROTATE and kind.rotation))
    return offered[:1] if step.prefer else offered


def _may_select(step: PlaybookStep, kind: Kind) -> bool:
    text = step.select.text
    if f'"{kind.id}"' in text or not re.search(r"credential\.(kind|provider|identity)\b", text):
        return True
    return _selects_some(step.select, kind.id, kind.provider)


def _selects_some(select: Selector, kind: str, provider: str) -> bool:
    """Tell whether there is a credential of a kind that is selected: every value of what the expression names is tried."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    plain = Credential(kind=kind, provider=provider, identifier="x", owner="x", tenant="x")
    tried = {field: values for field, words, values in _VARIED if any(word in select.text for word in words)}
    for some in product(*tried.values()):
        probe = replace(plain, **dict(zip(tried, some, strict=True)))  # type: ignore[arg-type]
        try:
            if select.matches(probe, now):
                return True
        except PlaybookError:
            return True
    return False


def needed(book: Playbook) -> dict[str, tuple[list[str], list[str]]]:
    """Return, by kind and by record in a playbook's scope, what reading it needs and what ending it needs, as it declares it itself."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for kind in in_scope(book):
        write = [
            p
            for phase in book.phases
            for step in phase.steps
            for verb in reached(step, kind)
            for p in kind.permissions(verb)
        ]
        found[kind.id] = (list(kind.read_permissions), list(dict.fromkeys(write)))
    found |= {f"{p}: {s.id}": (list(s.permissions), []) for p, s in records(book)}
    return found | machines(book)


def machines(book: Playbook) -> dict[str, tuple[list[str], list[str]]]:
    """Return, by provider that manages machines, what finding one needs and what the playbook's orders to it need."""
    verbs = {str(item.verb) for phase in book.phases for item in phase.case}
    rows = [r for r in catalogue.providers().values() if r.machines and (not book.providers or r.id in book.providers)]
    found = {}
    for row in rows:
        ordered = {v: p for v, p in row.machines.verbs.items() if v in verbs} if row.machines else {}
        if row.machines and ordered:
            write = list(dict.fromkeys(p for needed_ in ordered.values() for p in needed_))
            found[f"{row.id}: {row.machines.setting}"] = (list(row.machines.read_permissions), write)
    return found


def records(book: Playbook) -> list[tuple[str, Source]]:
    """Return the records of what credentials did that a playbook reads, with their providers."""
    if not any(item.activity for phase in book.phases for item in phase.case):
        return []
    rows = [r for r in catalogue.providers().values() if not book.providers or r.id in book.providers]
    return [(row.id, source) for row in rows for source in row.activity]


def aws(read: Iterable[str], write: Iterable[str]) -> str:
    """Return an IAM policy document with a statement to look and, where there is something to end, one to act."""
    look = sorted({p for p in read if _AWS.fullmatch(p)})
    act = sorted({p for p in write if _AWS.fullmatch(p)} - set(look))
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
        for sid, actions in (("RescindLook", look), ("RescindAct", act))
        if actions
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n" if statements else ""


def vault_paths(permissions: Iterable[str]) -> dict[str, set[str]]:
    """Return capabilities by path. Both ways of the kinds are read: `path: a, b`, and `Vault: a on path, b path`."""
    paths: dict[str, set[str]] = {}
    for permission in permissions:
        if permission.startswith("Vault: "):
            found = [(m["path"], {m["capability"]}) for m in _ON.finditer(permission)]
        elif m := _PATH.fullmatch(permission):
            found = [(m["path"], set(m["capabilities"].split(", ")))]
        else:
            continue
        for path, capabilities in found:
            paths.setdefault(path.replace("<mount>", MOUNT), set()).update(capabilities)
    return paths


def vault(read: Iterable[str], write: Iterable[str]) -> str:
    """Return an HCL policy for the paths that are named, or nothing."""
    paths = vault_paths([*read, *write])
    rules = [
        f'path "{path}" {{\n  capabilities = {json.dumps(sorted(paths[path]))}\n}}\n' for path in sorted(paths) if path
    ]
    return "\n".join(rules)


def azure(permissions: Iterable[str], title: str) -> str:
    """Return a custom role of Azure: https://learn.microsoft.com/en-us/azure/role-based-access-control/custom-roles."""
    named = {p for p in permissions if _AZURE.fullmatch(p)}
    actions = sorted({*named, *_TELLS}) if named else []
    role = {
        "Name": title,
        "IsCustom": True,
        "Description": f"What {title} needs.",
        "Actions": actions,
        "NotActions": [],
        "AssignableScopes": ["/subscriptions/<subscription id>"],
    }
    return json.dumps(role, indent=2) + "\n" if actions else ""


def google(permissions: Iterable[str], title: str) -> str:
    """Return a custom role of Google Cloud: https://cloud.google.com/iam/docs/creating-custom-roles#creating."""
    names = sorted({p for p in permissions if _GOOGLE.fullmatch(p)})
    rows = "".join(f"- {name}\n" for name in names)
    return f"title: {title}\nstage: GA\nincludedPermissions:\n{rows}" if rows else ""


def google_scopes(permissions: Iterable[str]) -> str:
    """Return the scopes of Workspace as the Admin console takes them for domain-wide delegation: each one that is asked for."""
    scopes = sorted({p for p in permissions if _SCOPE.fullmatch(p)})
    return ",".join(scopes) + "\n" if scopes else ""


def files() -> Mapping[str, str]:
    """Return every policy by file name: `policy-<playbook>.<plan|apply>.<aws.json|azure-role.json|graph.json|google-role.yaml|google-scopes.txt|vault.hcl>`."""
    made: dict[str, str] = {}
    for name in shipped():
        parts = needed(load_playbook(name)).values()
        read, write = [p for r, _ in parts for p in r], [p for _, w in parts for p in w]
        for job, more in (("plan", []), ("apply", write)):
            made[f"policy-{name}.{job}.aws.json"] = aws(read, more)
            made[f"policy-{name}.{job}.azure-role.json"] = azure([*read, *more], f"Rescind {name} {job}")
            made[f"policy-{name}.{job}.graph.json"] = manifest([*read, *more])
            made[f"policy-{name}.{job}.google-role.yaml"] = google([*read, *more], f"Rescind {name} {job}")
            made[f"policy-{name}.{job}.google-scopes.txt"] = google_scopes([*read, *more])
            note = f"# {job} of the playbook {name}; `{MOUNT}` stands for the mount of your certificate authority.\n\n"
            rules = vault(read, more)
            made[f"policy-{name}.{job}.vault.hcl"] = note + rules if rules else ""
    return {file: text for file, text in made.items() if text}


def page() -> str:
    """Return the page that lists, for every playbook, what each kind needs and the files to hand in."""
    out = ["# Least privilege, by playbook\n"]
    out.append(
        "`plan` is enough for `rescind plan` and `rescind doctor`; give `apply` to another identity, under `[tenant.<name>.write]`, "
        "which only `rescind apply` loads. Both are made of what the kinds declare. `Resource` is `*` because the users of a case are "
        "not known beforehand: narrow it to the paths that your people have. A right that is missing becomes a gap or an `unknown`, never a "
        "`dead`.\n"
    )
    made = files()
    for name in shipped():
        out.append(f"## `{name}`\n")
        out.append(" · ".join(f"[{f}]({f})" for f in made if f.startswith(f"policy-{name}.")) + "\n")
        out.append("| kind | to look | to end |\n| --- | --- | --- |")
        for kind, (read, write) in needed(load_playbook(name)).items():
            cells = (", ".join(f"`{p}`" for p in side) or "nothing" for side in (read, write))
            out.append(f"| `{kind}` | " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
        out.append("")
    return "\n".join(out)
