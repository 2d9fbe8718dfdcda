"""SSH user certificate: ended on the key revocation list that sshd reads, within the CA that signed it.

By serial number; a certificate without one (0, ssh-keygen's default, which no list can revoke) by its key id, which ends every
certificate of that CA with the same key id; one without either by its key. An OpenSSH CA keeps no record of what it signed, so
only the registry says whose a certificate is: by the certificate's own name there, or by its key's when the certificate is at
hand and its CA's signature holds. What stays open afterwards is as for `ssh.user-key`: sessions, with the operator's own bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rescind.errors import NotFound, Unrecognised
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.ssh import _certificate, _keygen, _krl
from rescind.providers.ssh._blob import fingerprint
from rescind.providers.ssh._certificate import Certificate, Name
from rescind.providers.ssh._installation import SshClient
from rescind.providers.ssh._registry import Registry
from rescind.secret import Secret

_SSHD = "https://man.openbsd.org/sshd_config#RevokedKeys"
_LAST = 253402300799


@dataclass(frozen=True, slots=True)
class _Facts:
    name: Name
    ca: bytes
    certificate: Certificate | None  # only one whose CA's signature holds

    @property
    def serial(self) -> int:
        return self.certificate.serial if self.certificate else self.name.serial

    @property
    def key_id(self) -> bytes | None:
        return self.certificate.key_id if self.certificate else self.name.key_id


def _facts(client: SshClient, credential: Credential) -> _Facts:
    name = _certificate.named(credential.identifier)
    ca = client.cas.get(name.ca)
    if ca is None:
        raise NotFound("signed by another CA")
    return _Facts(name, ca, _attested(client, credential, ca))


def _attested(client: SshClient, credential: Credential, ca: bytes) -> Certificate | None:
    """Return the certificate found on the machine if it is the one that is named, and the CA really signed it."""
    text = credential.attributes.get("certificate", "")
    if not text:
        return None
    try:
        found = _certificate.from_text(text)
    except Unrecognised:
        return None
    if found.identifier != credential.identifier or found.ca != ca:
        return None
    genuine = _certificate.signed(found)
    if genuine is None and client.keygen:
        genuine = _keygen.vouches(client.keygen, found.blob)
    return found if genuine else None


def _by(krl: _krl.Krl, facts: _Facts) -> str:
    """Return by what the list revokes it, "" when it does not."""
    key = facts.certificate.key if facts.certificate else b""
    by = _krl.revokes_certificate(krl, facts.ca, serial=facts.serial, key_id=facts.key_id, key=key)
    if not by and facts.name.digest and (why := _krl.revokes_key(krl, facts.name.digest, key)):
        return f"its key, by {why}"
    return by


def _owner(registry: Registry | None, credential: Credential, facts: _Facts) -> str:
    if registry is None:
        return ""
    said = {registry.owner(credential.identifier)} if credential.identifier in registry.names else set()
    if facts.certificate and (key := fingerprint(facts.certificate.key)) in registry.names:
        said.add(registry.owner(key))
    return next(iter(said)) if len(said) == 1 else ""  # two answers are none


def _text(raw: bytes) -> str:
    return "".join(c for c in raw.decode("utf-8", "replace")[:256] if c.isprintable())


def _known(client: SshClient, credential: Credential, facts: _Facts, registry: Registry | None) -> Known:
    seen = facts.certificate
    liveness = Liveness.UNKNOWN
    if client.krl is not None:
        liveness = Liveness.DEAD if _by(client.revocations()[0], facts) else Liveness.LIVE
    shown = {
        "serial": str(facts.serial or ""),
        "key_id": _text(facts.key_id or b""),
        "principals": ", ".join(_text(p) for p in seen.principals[:20]) if seen else "",
        "key_fingerprint": fingerprint(seen.key) if seen else "",
        "ca_fingerprint": facts.name.ca,
    }
    ends = seen is not None and seen.valid_before < _LAST
    return Known(
        identifier=credential.identifier,
        issuer=facts.name.ca,
        subject=shown["key_id"],
        owner=_owner(registry, credential, facts),
        attributes={k: v for k, v in shown.items() if v},
        expires_at=rfc3339(datetime.fromtimestamp(seen.valid_before, UTC)) if ends and seen else None,
        liveness=liveness,
    )


def identify(client: SshClient, credential: Credential, secret: Secret | None) -> Known:
    """Say what the CA signed and whose the registry says it is. Raises `NotFound` for a CA that is not configured."""
    del secret
    return _known(client, credential, _facts(client, credential), client.registered())


def enumerate(client: SshClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  (the contract's name)
    """Yield the certificates that the registry names as this person's, and say that a CA cannot list what it signed."""
    if not client.cas:
        return
    registry = client.registered()
    for name in registry.held_by({n for n in subject.names if n}) if registry else []:
        blank = Credential(kind=KIND.id, provider=KIND.provider, identifier=name)
        if "@" not in name or _certificate.named(name).ca not in client.cas:
            continue
        known = _known(client, blank, _facts(client, blank), registry)
        if known.liveness is not Liveness.DEAD:
            yield known
    reason = "an OpenSSH CA keeps no record of what it signed: other certificates of this person cannot be listed"
    yield Gap(source=f"tenant:{client.tenant.name}", reason=reason)


def revoke(client: SshClient, credential: Credential) -> CallResult:
    """Put the certificate on the list. Repeatable. Raises `Rejected` where no list is configured: nothing else ends one."""
    facts = _facts(client, credential)
    if facts.name.digest:
        wanted = _krl.Wanted(sha256=facts.name.digest)
    else:
        wanted = _krl.Wanted(ca=facts.ca, serial=facts.name.serial, key_id=facts.name.key_id)
    with client.changing():
        asked = facts.certificate.blob if facts.certificate else b""
        krl, changed, who = client.add(wanted, judged_by=asked)
    notes = {"krl_version": str(krl.version), "krl_read_by": who, "krl_entry": _entry(facts.name)}
    return CallResult(status=CallStatus.DONE if changed else CallStatus.ALREADY, notes=notes)


def _entry(name: Name) -> str:
    if name.serial:
        return f"serial {name.serial}"
    return "the key's digest" if name.digest else "key id, and with it every certificate of this CA that has the same"


def verify(client: SshClient, credential: Credential) -> Observation:
    """Read the list again: dead when it revokes the certificate, live when it does not.

    Raises a typed error for a list that cannot be read, and when ssh-keygen reads it otherwise than we do.
    """
    facts = _facts(client, credential)
    krl, raw = client.revocations()
    by = _by(krl, facts)
    read_by = "read by rescind only"
    if client.keygen:
        theirs = _keygen.listing(client.keygen, raw)
        read_by = "ssh-keygen reads the list, but has not the certificate to ask for"
        if facts.certificate:
            agreed = _keygen.revoked(client.keygen, raw, facts.certificate.blob) == bool(by)
            read_by = "ssh-keygen says so too"
        else:
            on_list = any(theirs.serial(ca, facts.serial, facts.serial) for ca in (facts.name.ca, "*"))
            agreed = on_list == by.startswith("serial ") or (bool(by) and not by.startswith("serial "))
        if not agreed:
            raise Unrecognised("ssh-keygen and rescind read the key revocation list differently")
    of = f"key revocation list version {krl.version}"
    if not by:
        return Observation(liveness=Liveness.LIVE, evidence=f"{of} does not revoke it")
    return Observation(
        liveness=Liveness.DEAD,
        evidence=f"{of} revokes it by {by} ({read_by}); {_SSHD}",
        residual_until=client.sessions_until(krl),
    )


def control(client: SshClient, credential: Credential) -> Observation:
    """Prove that the list can be read."""
    _facts(client, credential)
    version = client.revocations()[0].version
    return Observation(liveness=Liveness.LIVE, evidence=f"key revocation list version {version} is readable")


KIND = Kind(
    id="ssh.user-cert",
    title="SSH user certificate",
    provider="ssh",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=("write to the folder of the key revocation list, and own that list or be root",),
            undo="make the key revocation list again without the certificate",
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("read the configured key revocation list, CA public keys and registry",),
    residual=Residual(
        what="SSH sessions that were open stay open until they end or are closed (session_seconds is your bound for them)",
        source="https://man.openbsd.org/sshd#AUTHENTICATION",
    ),
    death=Death(negatives=1, source=_SSHD),
    reference="https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.krl",
    shared=True,
    since="0.1",
    tested=("OpenSSH sshd and ssh-keygen",),
    steps_by_hand=(
        "Add the certificate's serial number or key id to the key revocation list of every server that trusts its CA "
        "(ssh-keygen -k -u -f KRL -s ca.pub SPEC), and close the user's sessions."
    ),
)
