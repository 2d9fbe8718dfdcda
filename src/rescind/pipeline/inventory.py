"""The second arrow: many sightings in, each credential once. Pure; the raw values stay in memory, beside the inventory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import rfc8785

from rescind.host.names import visible
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, Inventory, Sighted
from rescind.models.evidence import Finding, Location, State
from rescind.pipeline.decoys import is_decoy
from rescind.pipeline.inventory_json import from_json, to_json
from rescind.pipeline.scan import ScanResult
from rescind.secret import Secret

__all__ = ["build", "digest", "from_json", "provider_of", "to_json"]

_OURS = ("hmac-sha256:", "place-sha256:")
_STRONGEST = (State.LIVE_UNVERIFIED, State.EXPIRED, State.LOGGED_OUT, State.PUBLIC_ONLY, State.PLACEHOLDER)
_LOCAL = frozenset({"keychain.item", "file.secret"})
_VAGUE = frozenset({"file.secret", "oauth.access-token"})
"""Kinds that say what a value is for less well than most."""
_LONG = 16
_KEYS = frozenset({"ssh.user-key", "x509.private-key"})
_HALVES = ("key_fingerprint", "spki_sha256")
_MAX_ATTRIBUTE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighting:
    store: str
    finding: Finding
    fingerprint: str


def provider_of(kind: str) -> str:
    """Return the provider a kind belongs to: what stands before the first dot; things that only lie on the machine are `local`."""
    return "local" if kind in _LOCAL else kind.partition(".")[0]


def build(scan: ScanResult, *, key: bytes, as_of: datetime | None = None) -> tuple[Inventory, Mapping[str, Secret]]:
    """Return the inventory of a scan, and the raw value of each credential that the machine held, by credential id.

    `key` is the fingerprint key (the organisation's, so that sightings of several machines join). `as_of`: the moment at which
    expiry is judged (default: that of the scan). Sightings join by kind and identifier, without one by kind and fingerprint.
    """
    moment = as_of or (parse_rfc3339(scan.scanned_at) if scan.scanned_at else None)
    keys = _keys(finding for _, finding in scan.findings)
    sightings = _named([_sighting(store, _held(finding, keys), key, moment) for store, finding in scan.findings])
    secrets: dict[str, Secret] = {}
    certain = _credentials([s for s in sightings if not s.finding.candidate], secrets)
    unsure = _credentials([s for s in sightings if s.finding.candidate], secrets)
    decoys = tuple(c for c in (*certain, *unsure) if c.state is State.PLACEHOLDER)
    credentials, candidates = (tuple(c for c in some if c.state is not State.PLACEHOLDER) for some in (certain, unsure))
    workstation = {name: visible(text) for name, text in scan.workstation.items()}
    found = Inventory(
        workstation=workstation, credentials=credentials, candidates=candidates, gaps=scan.gaps, decoys=decoys
    )
    return found, {c.id: secrets[c.id] for c in (*credentials, *candidates) if c.id in secrets}


def _keys(findings: Iterable[Finding]) -> frozenset[str]:
    """Return what the private keys on the machine are known by, in the ways that certificates name theirs."""
    mine = [f for f in findings if f.kind in _KEYS and f.state is State.LIVE_UNVERIFIED]
    return frozenset(name for f in mine for name in (f.identifier, f.attributes.get("spki_sha256", "")) if name)


def _held(finding: Finding, keys: frozenset[str]) -> Finding:
    """A certificate of which the key lies in another file on the machine is as good as one beside its key."""
    if finding.state is State.PUBLIC_ONLY and any(finding.attributes.get(half) in keys for half in _HALVES):
        return replace(finding, state=State.LIVE_UNVERIFIED, attributes={**finding.attributes, "key_elsewhere": "yes"})
    return finding


def _sighting(store: str, finding: Finding, key: bytes, moment: datetime | None) -> _Sighting:
    state = finding.state
    if is_decoy(finding.identifier, finding.secret):
        state = State.PLACEHOLDER
    expires_at = _when(finding.expires_at)
    if state is State.LIVE_UNVERIFIED and expires_at and moment and expires_at < moment:
        state = State.EXPIRED
    clean = replace(
        finding,
        identifier=("text:" if finding.identifier.startswith(_OURS) else "")
        + visible(finding.identifier),  # may not pose as ours
        issuer=visible(finding.issuer),
        subject=visible(finding.subject),
        attributes={visible(k): visible(v)[:_MAX_ATTRIBUTE] for k, v in finding.attributes.items()},
        expires_at=rfc3339(expires_at) if expires_at else None,
        state=state,
    )
    return _Sighting(store=store, finding=clean, fingerprint=finding.secret.fingerprint(key) if finding.secret else "")


def _when(text: str | None) -> datetime | None:
    try:
        return parse_rfc3339(text) if text else None
    except ValueError:
        return None  # hostile text; an expiry that cannot be read is no expiry


def _credentials(sightings: Iterable[_Sighting], secrets: dict[str, Secret]) -> tuple[Credential, ...]:
    found: list[Credential] = []
    for group in _groups(sightings):
        credential, secret = _merged(group)
        found.append(credential)
        if secret is not None:
            secrets[credential.id] = secret
    return tuple(sorted(found, key=lambda c: (c.provider, c.kind, c.issuer, c.identifier, c.fingerprint)))


def _named(sightings: list[_Sighting]) -> list[_Sighting]:
    """Give a value of which one place only knows that it is secret the kind that another place knows it by.

    Only a long one: that two passwords are alike does not make them one.
    """
    kinds: dict[str, set[str]] = {}
    for s in sightings:
        if s.fingerprint and not s.finding.candidate:
            kinds.setdefault(s.fingerprint, set()).add(s.finding.kind)
    out = []
    for s in sightings:
        known = kinds.get(s.fingerprint, set())
        telling = known - _VAGUE or known - {"file.secret"} or known
        vague = s.finding.candidate or s.finding.kind in _VAGUE
        if len(telling) == 1 and vague and s.finding.secret is not None and len(s.finding.secret) >= _LONG:
            s = replace(s, finding=replace(s.finding, kind=next(iter(telling)), candidate=False))
        out.append(s)
    return out


def _groups(sightings: Iterable[_Sighting]) -> list[list[_Sighting]]:
    """Join sightings. A value seen without its identifier joins the credential whose identifier stood beside the same value."""
    ordered = sorted(sightings, key=_order)
    identified = {
        (s.finding.kind, s.fingerprint): s.finding.identifier
        for s in reversed(ordered)
        if s.finding.identifier and s.fingerprint
    }
    issuers: dict[tuple[str, str], str] = {}
    for s in reversed(ordered):
        if s.finding.issuer:
            issuers[s.finding.kind, s.fingerprint] = s.finding.issuer
    groups: dict[tuple[str, str, str], list[_Sighting]] = {}
    for s in ordered:
        kind, fingerprint = s.finding.kind, s.fingerprint
        if identifier := s.finding.identifier or (identified.get((kind, fingerprint), "") if fingerprint else ""):
            groups.setdefault((kind, identifier, ""), []).append(s)
        elif fingerprint:  # one password at two servers is two credentials
            groups.setdefault((kind, fingerprint, s.finding.issuer or issuers.get((kind, fingerprint), "")), []).append(
                s
            )
        else:
            groups.setdefault((kind, _place(s.finding), s.finding.issuer), []).append(s)
    return list(groups.values())


def _order(s: _Sighting) -> tuple[bool | int | str, ...]:
    """Order sightings, whatever order they came in: those that show the value count more than those that only name it."""
    f, at = s.finding, s.finding.location
    where = (s.store, at.root, at.path, at.line or 0, at.pointer or "", at.modified or "")
    return (
        not s.fingerprint,
        *where,
        s.fingerprint,
        f.identifier,
        f.issuer,
        f.subject,
        f.expires_at or "",
        f.state.value,
    )


def _place(finding: Finding) -> str:
    """Return what tells apart credentials of which the machine shows neither identifier nor value: where they are named."""
    at = finding.location
    raw = "\x1f".join((finding.subject, at.root, at.path, at.pointer or ""))
    return "place-sha256:" + hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _merged(group: list[_Sighting]) -> tuple[Credential, Secret | None]:
    kind = group[0].finding.kind
    identifier, issuer, subject = (_first(group, name) for name in ("identifier", "issuer", "subject"))
    fingerprints = list(dict.fromkeys(s.fingerprint for s in group if s.fingerprint))
    attributes = _attributes(group)
    for name, kept in (("issuer", issuer), ("subject", subject)):
        others = sorted({str(getattr(s.finding, name)) for s in group} - {kept, ""})
        if others:  # a contradiction is shown, not resolved: one of the places may have been planted
            attributes[f"also_{name}"] = ", ".join(others)[:_MAX_ATTRIBUTE]
    if len(fingerprints) > 1:
        attributes["also_fingerprint"] = ", ".join(fingerprints[1:])[:_MAX_ATTRIBUTE]
    expiries = sorted(s.finding.expires_at for s in group if s.finding.expires_at)
    credential = Credential(
        kind=kind,
        provider=provider_of(kind),
        issuer=issuer,
        subject=subject,
        identifier=identifier,
        fingerprint=fingerprints[0] if fingerprints else "" if identifier else _place(group[0].finding),
        attributes=attributes,
        expires_at=expiries[-1] if expiries else None,
        state=next(state for state in _STRONGEST if any(s.finding.state is state for s in group)),
        findings=tuple(dict.fromkeys(Sighted(store=s.store, location=_clean(s.finding.location)) for s in group)),
    )
    return credential, next((s.finding.secret for s in group if s.finding.secret), None)


def _first(group: list[_Sighting], name: str) -> str:
    return next((value for s in group if (value := str(getattr(s.finding, name)))), "")


def _clean(at: Location) -> Location:
    return replace(at, path=visible(at.path), pointer=None if at.pointer is None else visible(at.pointer))


def _attributes(group: list[_Sighting]) -> dict[str, str]:
    merged: dict[str, dict[str, None]] = {}
    for s in group:
        for name, value in s.finding.attributes.items():
            merged.setdefault(name, {}).setdefault(value)
    return {name: ", ".join(sorted(values))[:_MAX_ATTRIBUTE] for name, values in sorted(merged.items())}


def digest(inventory: Inventory) -> str:
    """Return `sha256:…` over the identity facts, as RFC 8785 JSON: what is there, not where in a file or when it was touched.

    A credential that merely ran past its expiry counts as before, so that waiting for an approval does not undo a plan.
    """

    def rows(credentials: Iterable[Credential]) -> list[list[str]]:
        return sorted(
            [c.kind, c.provider, c.issuer, c.identifier, c.fingerprint, _lasting(c.state)] for c in credentials
        )

    gaps = sorted([g.source, visible(g.root), visible(g.path)] for g in inventory.gaps)
    facts = {"credentials": rows(inventory.credentials), "candidates": rows(inventory.candidates), "gaps": gaps}
    return "sha256:" + hashlib.sha256(rfc8785.dumps(facts)).hexdigest()


def _lasting(state: State) -> str:
    return State.LIVE_UNVERIFIED.value if state is State.EXPIRED else state.value
