"""What is secret among variables: told by form (AWS pairs, Vault tokens), by a URL with a password in it, or by a secret-looking name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _connection, _entra, _forms, _owners, _urls
from rescind.stores._aws import in_variables
from rescind.stores._beside import Beside
from rescind.stores._decoys import is_harmless, is_placeholder, is_sample_key, literal
from rescind.stores._dotenv import Variable
from rescind.stores._names import is_sample_file, is_secret_name, is_shipped_name, userinfo
from rescind.stores._openssh import read_block
from rescind.stores._owners import of_name
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._vault import form_of, is_vault_name

KINDS = tuple(
    dict.fromkeys(
        (
            *("aws.access-key", "aws.role-session", "vault.token", "url.password", "file.secret", "ssh.user-key"),
            *(*_urls.KINDS, *_owners.KINDS, *_connection.KINDS),
        )
    )
)
"""Every kind that a variable can hold."""


def _private(v: Variable, at: Location) -> Iterator[Finding]:
    """Yield the private keys that a variable holds whole and in clear, by their fingerprints."""
    for block in blocks(v.value):
        if not block.label.endswith("PRIVATE KEY") or not block.whole or block.encrypted:
            continue
        try:
            key = read_block(block)
        except Unparsable:
            continue
        state = State.PLACEHOLDER if is_sample_key(key.fingerprint) else State.LIVE_UNVERIFIED
        place = replace(at, line=v.line, pointer=v.name)
        more = {**key.facts(), "name": v.name}
        yield sighting(
            "ssh.user-key", place, identifier=key.fingerprint, secret=key.private, attributes=more, state=state
        )


def _joined(v: Variable, at: Location) -> Iterator[Finding]:
    """Yield the secret of a connection string, or of an address that Azure signed."""
    place, own = replace(at, line=v.line, pointer=v.name), {"name": v.name, "commented": "yes" if v.commented else ""}
    if parts := _connection.parts_of(v.value):
        yield from _connection.findings(parts, place, own)
    elif seen := _connection.signed(v.value, place, own):
        yield seen


def _with_neighbours(seen: Finding) -> Finding:
    """Return a finding that goes by the account, client or user, and the host, which its attributes name."""
    said = seen.attributes
    who = next((said[n] for n in ("user", "client_id", "account") if said.get(n)), "")
    return replace(seen, issuer=seen.issuer or said.get("host", ""), subject=seen.subject or who)


def findings(held: Iterable[Variable], at: Location) -> Iterator[Finding]:
    """Yield one finding per secret variable, none for references to a secret elsewhere."""
    held = list(held)
    keys, rest = in_variables(held, at)
    yield from keys
    near = Beside(held)
    for v in rest:
        if joined := [] if is_sample_file(at.path) else list(_joined(v, at)):
            yield from joined
            continue
        url = userinfo(v.value)
        value = literal(url.password if url else v.value)
        form, told = form_of(value, named=is_vault_name(v.name)), _forms.identify(value)
        if "PRIVATE KEY-----" in value and (keys := list(_private(v, at))):
            yield from keys
            continue
        if told and told.kind == "google.api-key" and is_shipped_name(v.name):
            continue  # as Firebase's and Maps' keys are meant to be
        if not value or is_harmless(value) or not (form or told or url or is_secret_name(v.name)):
            continue
        facts = {"name": v.name, "form": form, "commented": "yes" if v.commented else ""}
        facts |= {"host": url.host, "user": url.user} if url else near.facts(v.name)
        kind, issuer = _urls.kind_at(v.value) if url else of_name(v.name)
        kind = "vault.token" if form else kind
        dud = (
            is_placeholder(value)
            or (url is not None and _urls.is_trivial(value))
            or (is_sample_file(at.path) and not told and form in {"", "custom"})
        )
        place = replace(at, line=v.line, pointer=v.name)
        if dud:
            yield sighting(kind, place, attributes=facts, state=State.PLACEHOLDER)
        elif form:
            yield sighting(kind, place, secret=value, attributes=facts)
        elif told and told.kind == "entra.client-secret" and facts.get("client_id") and facts.get("tenant"):
            known = _entra.principal(facts["tenant"], facts["client_id"], value, place)
            yield replace(known, attributes={**known.attributes, "name": v.name})
        else:
            seen = _forms.finding(value, place, facts, other=kind, host=issuer or (url.host.lower() if url else ""))
            yield _with_neighbours(seen)
