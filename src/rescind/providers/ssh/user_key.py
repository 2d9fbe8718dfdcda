"""SSH user key: taken out of the operator's authorized_keys files and put on the key revocation list that sshd reads.

`revoke` does both, and `dead` needs both: no configured file lists the key, and the list (which sshd consults at every attempt,
https://man.openbsd.org/sshd_config#RevokedKeys) revokes it, in our reading and in ssh-keygen's. Where no list is configured we
know of the configured files only, so `revoke` then ends in `unknown` at best; `deny` only sweeps the files and gives `contained`.

An SSH session that is open stays open: sshd asks nobody again, and nothing in OpenSSH bounds it. So a dead key is `residual` for
`session_seconds` (the operator's own word on what ends sessions there) plus `propagation_seconds`, and until 9999-12-31 when
that is not configured: "no end known" must not look like an end. Set it to 0 only where open sessions are closed as well.
A key's comment is anybody's text: only the registry says whose it is. A key that serves as a CA is never anybody's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Unrecognised
from rescind.models.credential import Credential, EndState
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
from rescind.providers.ssh import _authorized, _keygen, _krl, _paths
from rescind.providers.ssh._blob import digest_of, fingerprint_of, type_of
from rescind.providers.ssh._installation import Listed, SshClient
from rescind.providers.ssh._registry import Registry
from rescind.secret import Secret

_SSHD = "https://man.openbsd.org/sshd_config#RevokedKeys"


def _liveness(listed: Listed, krl: _krl.Krl | None, digest: bytes) -> Liveness:
    if listed.files:
        return Liveness.LIVE
    if krl is None:
        return Liveness.UNKNOWN
    return Liveness.DEAD if _krl.revokes_key(krl, digest, listed.blob) else Liveness.LIVE


def _known(client: SshClient, digest: bytes, listed: Listed, registry: Registry | None, krl: _krl.Krl | None) -> Known:
    name = fingerprint_of(digest)
    authority = listed.authority or name in client.cas
    blob = listed.blob or (registry.keys.get(name, b"") if registry else b"")
    facts = {
        "type": type_of(blob) if blob else "",
        "comment": "".join(c for c in listed.comment.decode("utf-8", "replace")[:256] if c.isprintable()),
        "listed_in": ", ".join(map(str, listed.files[:20])),
        "listed_times": str(len(listed.files)),
        "cert_authority": "yes" if authority else "",
    }
    return Known(
        identifier=name,
        owner=registry.owner(name) if registry and not authority else "",
        attributes={k: v for k, v in facts.items() if v},
        liveness=_liveness(listed, krl, digest),
    )


def _list_now(client: SshClient) -> _krl.Krl | None:
    return client.revocations()[0] if client.krl else None


def identify(client: SshClient, credential: Credential, secret: Secret | None) -> Known:
    """Look for the key in the registry, the files and the list. Raises `NotFound` when none of them knows it."""
    del secret
    digest = digest_of(credential.identifier)
    registry, listed, krl = client.registered(), client.listed(digest), _list_now(client)
    in_registry = registry is not None and credential.identifier in registry.names
    if not in_registry and not listed.files and not (krl and _krl.revokes_key(krl, digest)):
        raise NotFound("no configured file, list or registry knows this key")
    return _known(client, digest, listed, registry, krl)


def enumerate(client: SshClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  (the contract's name)
    """Yield the keys that the registry says are this person's, shared ones without an owner, but none that is dead."""
    registry = client.registered()
    if registry is None:
        reason = "no registry says whose SSH keys are: what else this person holds cannot be listed"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=reason)
        return
    krl = _list_now(client)
    for name in registry.held_by({n for n in subject.names if n}):
        if "@" in name:  # a certificate
            continue
        digest = digest_of(name)
        known = _known(client, digest, client.listed(digest), registry, krl)
        if known.liveness is not Liveness.DEAD:
            yield known


def _blob(client: SshClient, digest: bytes, listed: Listed, krl: _krl.Krl | None) -> bytes:
    """Return the whole key, from wherever the operator's files still hold it, otherwise b""."""
    if listed.blob:
        return listed.blob
    try:
        registry = client.registered()
    except ProviderError:
        registry = None  # it only helps to ask more; whose the key is was settled before
    found = registry.keys.get(fingerprint_of(digest), b"") if registry else b""
    return found or (_krl.blob_of(krl, digest) if krl else b"")


def _sweep(client: SshClient, digest: bytes) -> tuple[int, dict[str, str], ProviderError | None]:
    try:
        paths = _paths.expand(client.patterns)
    except ProviderError as e:
        return 0, {}, e
    removed, changed, error = _authorized.sweep_all(paths, digest)
    notes = {"lines_removed": str(removed), "files_read": str(len(paths))}
    return removed, notes | ({"files_changed": ", ".join(map(str, changed[:20]))} if changed else {}), error


def revoke(client: SshClient, credential: Credential) -> CallResult:
    """Put the key on the list, then take it out of every file. Repeatable. One failing does not keep the other from being done."""
    digest = digest_of(credential.identifier)
    first: ProviderError | None = None
    notes: dict[str, str] = {}
    changed = False
    _may_write(client)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(client.changing())
            changed = _add(client, digest, notes)
        except ProviderError as e:
            first = e
        removed, swept, error = _sweep(client, digest)
    failure = first or error
    if failure:
        raise failure
    return CallResult(status=CallStatus.DONE if changed or removed else CallStatus.ALREADY, notes=notes | swept)


def _may_write(client: SshClient) -> None:
    if not client.write:
        raise Denied("this client only reads")


def _add(client: SshClient, digest: bytes, notes: dict[str, str]) -> bool:
    if client.krl is None:
        notes["krl"] = "none is configured"
        return False
    try:
        listed = client.listed(digest)
    except ProviderError:
        listed = Listed()  # the digest alone revokes it too
    blob = _blob(client, digest, listed, None)
    krl, changed, who = client.add(_krl.Wanted(key=blob, sha256=_krl.digest(blob) if blob else digest), judged_by=blob)
    notes |= {"krl_version": str(krl.version), "krl_read_by": who, "krl_entry": "key and digest" if blob else "digest"}
    return changed


def deny(client: SshClient, credential: Credential) -> CallResult:
    """Take the key out of every configured file, and nothing else. Repeatable."""
    if not client.patterns:
        raise Rejected("no authorized_keys files are configured")
    _may_write(client)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(Denied):  # the list is not touched here: its lock only keeps other sweeps away
            held.enter_context(client.changing())
        removed, notes, error = _sweep(client, digest_of(credential.identifier))
    if error:
        raise error
    return CallResult(status=CallStatus.DONE if removed else CallStatus.ALREADY, notes=notes)


def denied(client: SshClient, credential: Credential) -> Observation:
    """Read the files again: dead, as far as they go, when none of them lists the key."""
    if not client.patterns:
        raise Rejected("no authorized_keys files are configured")
    listed = client.listed(digest_of(credential.identifier))
    if listed.files:
        return Observation(liveness=Liveness.LIVE, evidence=_still(listed))
    return Observation(liveness=Liveness.DEAD, evidence="none of the configured authorized_keys files lists it")


def _still(listed: Listed) -> str:
    return f"{len(listed.files)} configured file(s) list it, {listed.files[0]} first"


def verify(client: SshClient, credential: Credential) -> Observation:
    """Read files and list again: dead when no file lists the key and the list revokes it, unknown without a list.

    Raises a typed error when one of them cannot be read, or when ssh-keygen reads the list otherwise than we do.
    """
    digest = digest_of(credential.identifier)
    listed = client.listed(digest)
    if client.krl is None:
        if listed.files:
            return Observation(liveness=Liveness.LIVE, evidence=_still(listed))
        why = "none of the configured authorized_keys files lists it; without a key revocation list no more is known"
        return Observation(liveness=Liveness.UNKNOWN, evidence=why)
    krl, raw = client.revocations()
    blob = _blob(client, digest, listed, krl)
    by = _krl.revokes_key(krl, _krl.digest(blob) if blob else digest, blob)
    of = f"key revocation list version {krl.version}"
    read_by = "read by rescind only"
    if client.keygen:
        _keygen.listing(client.keygen, raw)
        if blob and _keygen.revoked(client.keygen, raw, blob) != bool(by):
            raise Unrecognised("ssh-keygen and rescind read the key revocation list differently")
        read_by = "ssh-keygen says so too" if blob else "ssh-keygen reads the list, but has not the key to ask for"
    if listed.files:
        return Observation(
            liveness=Liveness.LIVE, evidence=f"{_still(listed)}; {of} {'revokes' if by else 'does not revoke'} it"
        )
    if not by:
        return Observation(liveness=Liveness.LIVE, evidence=f"{of} does not revoke it")
    return Observation(
        liveness=Liveness.DEAD,
        evidence=f"{of} revokes it by {by} ({read_by}), and no configured authorized_keys file lists it; {_SSHD}",
        residual_until=client.sessions_until(krl),
    )


def control(client: SshClient, credential: Credential) -> Observation:
    """Prove that every configured file and the list can be read."""
    del credential
    count = len([_authorized.read(p, _paths.shown(p)) for p in _paths.expand(client.patterns)])
    krl = _list_now(client)
    version = f" and key revocation list version {krl.version}" if krl else ""
    return Observation(liveness=Liveness.LIVE, evidence=f"{count} authorized_keys file(s){version} are readable")


_FILES = "write to the folders of the configured authorized_keys files, and own those files or be root"
KIND = Kind(
    id="ssh.user-key",
    title="SSH user key",
    provider="ssh",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(_FILES, "write to the folder of the key revocation list"),
            undo="make the key revocation list again without the key, and put its line back into authorized_keys",
        ),
        Verb.DENY: Act(
            call=deny,
            reversible=False,
            idempotent=True,
            permissions=(_FILES,),
            ends=EndState.CONTAINED,
            verify=denied,
            undo="put the key's line back into authorized_keys",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("read the configured authorized_keys files, key revocation list and registry",),
    residual=Residual(
        what="SSH sessions that were open stay open until they end or are closed (session_seconds is your bound for them)",
        source="https://man.openbsd.org/sshd#AUTHENTICATION",
    ),
    death=Death(negatives=1, source=_SSHD),
    reference="https://man.openbsd.org/ssh-keygen#KEY_REVOCATION_LISTS",
    shared=True,
    since="0.1",
    tested=("OpenSSH sshd and ssh-keygen",),
    steps_by_hand=(
        "Remove the public key from every authorized_keys file and Git host that lists it, add it to the key revocation list "
        "(ssh-keygen -k -u -f KRL key.pub), close the user's sessions, then try to sign in with it."
    ),
)
