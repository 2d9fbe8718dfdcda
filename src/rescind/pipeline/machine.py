"""What a case knows of its machine: a live home or an image, an inventory file, or the last check-in; and the values in them."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rescind import catalogue
from rescind.errors import EvidenceError, ProviderError
from rescind.host import keychain
from rescind.host.detector import Detector
from rescind.models.checkin import Enrolled
from rescind.models.credential import Credential, Inventory
from rescind.models.evidence import Finding, Gap
from rescind.models.plan import Case
from rescind.pipeline import envelope, fingerprint, received, sealed
from rescind.pipeline import inventory as inventories
from rescind.pipeline import scope as scope_of
from rescind.pipeline.case import is_live
from rescind.pipeline.scan import KEYCHAIN, ScanResult, scan
from rescind.secret import Secret
from rescind.sinks import open_sink

if TYPE_CHECKING:
    from rescind.pipeline.session import Progress, Session


def fingerprint_key(session: Session, *, keep: bool = False) -> bytes:
    """Return the key of this installation's fingerprints; see `rescind.pipeline.fingerprint.key`."""
    return fingerprint.key(session.config.org.fingerprint_key, session.resolve, session.state_dir, keep=keep)


def _unhurried(session: Session) -> Progress:
    """Return a progress that is silent during the first second, speaks twice a second at most, and only where somebody looks."""
    last = session.clock.monotonic() + 0.5
    watched = sys.stderr.isatty()

    def show(text: str) -> None:
        nonlocal last
        now = session.clock.monotonic()
        if watched and now - last > 0.5:
            last = now
            session.progress(f"reading {text}")

    return show


def look_at(session: Session, target: Path, *, scope: Iterable[str] = ("home", "keychain")) -> ScanResult:
    """Scan evidence. The keychain is part of it only on the live machine (or where a back end was given)."""
    items: list[Finding | Gap] = []
    with Detector() as detector:
        detector.begin()  # it starts while the keychain is asked and the catalogue is loaded
        if "keychain" in scope and (session.keychain is not None or is_live(target)):
            items = list(keychain.findings(session.keychain))
        left_out = scope_of.excluded(session.config.scan)
        return scan(
            target,
            clock=session.clock,
            keychain=items,
            progress=_unhurried(session),
            exclude=left_out,
            detector=detector,
        )


def held_at(
    session: Session, target: Path, *, scope: Iterable[str] = ("home", "keychain"), as_of: datetime | None = None
) -> tuple[Inventory, Mapping[str, Secret]]:
    """Return what a machine holds, as far as the declared scope goes, and the raw values by credential id."""
    seen = look_at(session, target, scope=scope)
    return scope_of.narrowed(*inventories.build(seen, key=fingerprint_key(session), as_of=as_of), session.config)


def _from_afar(
    session: Session, held: tuple[Inventory, Mapping[str, Secret]]
) -> tuple[Inventory, Mapping[str, Secret]]:
    """Keep the values that came with an inventory for the steps that need them; return both by credential id."""
    found, values = held
    session.values.update(values)
    return found, {c.id: values[c.fingerprint] for c in found.credentials if c.fingerprint in values}


def _enrolled(session: Session, case: Case) -> Enrolled:
    found = session.config.workstations.get(case.workstation)
    if found is None:
        raise EvidenceError(
            f"{case.workstation!r} is not enrolled, so no check-in of it can be believed",
            hint="put what `rescind checkin key` prints there under [workstation.NAME]",
        )
    return found


def checked_in(session: Session, case: Case) -> tuple[Inventory, Mapping[str, Secret]]:
    """Return what the machine of a case said of itself in the check-in that the plan names. Raises `EvidenceError`."""
    conf, name = session.config.checkin, case.checkin
    if conf is None:
        raise EvidenceError(
            f"nothing says where check-ins of {case.workstation!r} are",
            hint="put [checkin] back into rescind.toml, as it was when the plan was made",
        )
    sink = open_sink(conf.sink, session.resolve)
    found = received.fetch(sink, case.workstation, name, _enrolled(session, case))
    return _from_afar(session, sealed.opened(found.payload, session.identity, name=f"check-in {found.number}"))


def pinned(session: Session, case: Case) -> tuple[Case, received.Received | None, tuple[Gap, ...]]:
    """Return a case that names the check-in to work from, where nothing else shows the machine; what is unknown are gaps.

    Raises `EvidenceError` where a machine is all that was named and nothing usable is known of it.
    """
    conf = session.config.checkin
    if conf is None or not case.workstation or case.target or case.inventory or case.undo_of:
        return case, None, ()
    try:
        enrolled = _enrolled(session, case)
        sink = open_sink(conf.sink, session.resolve)
        chosen = received.choose(
            sink, case.workstation, enrolled, state_dir=session.state_dir, clock=session.clock, lost_at=case.lost_at
        )
    except (EvidenceError, ProviderError) as error:
        if not case.person:
            raise
        return case, None, (Gap(source=received.SOURCE, reason=error.message),)
    session.progress(f"working from check-in {chosen.full.number} of {case.workstation}, made at {chosen.full.at}")
    name = envelope.file_name(chosen.full)
    return replace(case, checkin=name, person=case.person or enrolled.person), chosen, chosen.gaps


def hidden(session: Session, case: Case, checkin: received.Received | None, seen: Inventory) -> tuple[Gap, ...]:
    """Return what earlier check-ins of a machine held and the one that is worked from does not, as gaps."""
    conf = session.config.checkin
    if checkin is None or conf is None:
        return ()
    sink, enrolled = open_sink(conf.sink, session.resolve), _enrolled(session, case)
    held: list[Inventory] = []
    gaps: list[Gap] = []
    for name in checkin.earlier:
        try:
            found = received.fetch(sink, case.workstation, name, enrolled)
            held.append(sealed.opened(found.payload, session.identity, name=f"check-in {found.number}")[0])
        except (EvidenceError, ProviderError) as error:
            why = f"what an earlier check-in held could not be compared: {error.message}"
            gaps.append(Gap(source=received.SOURCE, reason=why))
    lost = received.gone(seen, held)
    return (*dict.fromkeys(gaps), *((lost,) if lost else ()))


def inventory_of(
    session: Session, case: Case, *, scope: Iterable[str] = ("home", "keychain")
) -> tuple[Inventory, Mapping[str, Secret]]:
    """Return the inventory a case names, from evidence, a file or a check-in; the last two have values only if they were sealed in."""
    if case.inventory:
        return _from_afar(session, sealed.read(Path(case.inventory), session.identity))
    if not tuple(scope):  # by its playbook this case looks at no machine
        return Inventory(workstation={}, credentials=()), {}
    if case.checkin:
        return checked_in(session, case)
    if not case.target:
        empty = Inventory(
            workstation={}, credentials=(), gaps=(Gap(source="scan", reason="no evidence of the machine was given"),)
        )
        return empty, {}
    return held_at(session, Path(case.target), scope=scope)


def secret_reader(session: Session, case: Case) -> Callable[[Credential], Secret | None]:
    """Return what reads a credential's value again, only from the stores it was seen in; None when it is not there any more.

    It raises `EvidenceError` or a `ProviderError` where a seal that may hold it cannot be opened again.
    """

    def read(c: Credential) -> Secret | None:
        if case.inventory or case.checkin:
            return _sealed_value(session, case, c)
        named = {s.store for s in c.findings}
        if not case.target or not named or not c.fingerprint:
            return None
        key, target = fingerprint_key(session), Path(case.target)
        items: Iterable[Finding | Gap] = ()
        if KEYCHAIN in named and (session.keychain is not None or is_live(target)):
            items = keychain.findings(session.keychain)
        try:
            rows = [row for name, row in catalogue.stores().items() if name in named]
            with Detector() as detector:
                held = scan(
                    target,
                    clock=session.clock,
                    stores=rows,
                    keychain=items,
                    exclude=scope_of.excluded(session.config.scan),
                    detector=detector,
                )
            seen, raw = inventories.build(held, key=key)
        except EvidenceError:
            return None
        values = (raw[other.id] for other in seen.credentials if other.kind == c.kind and other.id in raw)
        return next((v for v in values if hmac.compare_digest(v.fingerprint(key), c.fingerprint)), None)

    return read


def is_locked(session: Session, case: Case) -> bool:
    """Tell whether what a case's values lie in is sealed, and no key to it was given."""
    if session.identity is not None:
        return False
    if case.checkin:
        return True
    try:
        with Path(case.inventory).open("rb") as file:
            return bool(case.inventory) and file.read(len(sealed.MAGIC)) == sealed.MAGIC
    except OSError:
        return False


def _sealed_value(session: Session, case: Case, c: Credential) -> Secret | None:
    """Return a value that was sealed beside the inventory, None without one. The seal is opened again after a crash.

    Raises `EvidenceError` or a `ProviderError` where that fails: it is not known then whether the value is there.
    """
    if session.identity is not None and not session.values:
        inventory_of(session, case)
    return session.values.get(c.fingerprint) if c.fingerprint else None
