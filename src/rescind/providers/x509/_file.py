"""A certificate authority kept in files, as openssl's `ca` command keeps it: certificate, key, CRL, index, issued certificates."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from rescind import osfiles
from rescind.errors import Denied, NotFound, Rejected, Unreachable, Unrecognised
from rescind.models.kind import CallResult, CallStatus
from rescind.providers.x509 import _crl, _index
from rescind.providers.x509._authority import Issued, described
from rescind.wire.files import write_atomic

RELOAD_SECONDS = 30.0
_LIMIT = 64 * 1024 * 1024


def read(path: Path, what: str) -> bytes:
    """Return one of the CA's files. Raises `NotFound`, `Denied`, `Unreachable` or `Unrecognised` (too large)."""
    try:
        with path.open("rb") as file:
            blob = file.read(_LIMIT + 1)
    except FileNotFoundError:
        raise NotFound(f"{what} is not there") from None
    except PermissionError:
        raise Denied(f"{what} may not be read by this user") from None
    except OSError as e:
        raise Unreachable(f"{what} cannot be read: {e.strerror}", maybe_sent=False) from None
    if len(blob) > _LIMIT:
        raise Unrecognised(f"{what} is larger than {_LIMIT} bytes")
    return blob


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        fd = osfiles.open_closed(path, os.O_RDWR | os.O_CREAT)
    except OSError as e:
        raise Denied(f"the lock beside the CRL cannot be opened: {e.strerror}") from None
    try:
        osfiles.lock(fd, wait=True)  # one lock per open file: it holds between threads and between processes
        yield
    finally:
        os.close(fd)


def _replace(path: Path, data: bytes) -> None:
    # Who may read the file now may read it afterwards: relying parties often run as another user.
    write_atomic(path, data, mode=path.stat().st_mode & 0o777)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAuthority:
    """An authority in files. `key` is loaded only for `apply`; without it `revoke` raises `Denied`."""

    ca: x509.Certificate
    crl_path: Path
    now: Callable[[], datetime]
    key: CertificateIssuerPrivateKeyTypes | None = field(default=None, repr=False)
    days: float | None = None
    index: Path | None = None
    certs: Path | None = None
    number: Path | None = None
    reload: tuple[str, ...] = ()

    def certificate(self) -> x509.Certificate:
        """Return the CA's own certificate, as it was when the tenant was opened."""
        return self.ca

    def crl(self) -> _crl.Crl:
        """Return the CRL as its file stands now."""
        return _crl.parse(read(self.crl_path, "the CRL"))

    def keeps_records(self) -> bool:
        """Tell whether an index is configured."""
        return self.index is not None

    def issued(self) -> Iterator[Issued]:
        """List the index, each line completed by the archived certificate when `certs` is configured."""
        if self.index is None:
            raise Rejected("this CA keeps no index of what it issued")
        for row in _index.read(read(self.index, "the CA's index")):
            yield self._archived(row)

    def record(self, serial_hex: str) -> Issued:
        """Return the index's line for one serial. Raises `NotFound`."""
        wanted = f"{int(serial_hex, 16):x}"
        if self.index is None:
            raise Rejected("this CA keeps no index of what it issued")
        for row in _index.read(read(self.index, "the CA's index")):
            if row.serial_hex == wanted:
                return self._archived(row)
        raise NotFound("this CA has no record of that serial number")

    def _archived(self, row: Issued) -> Issued:
        if self.certs is None:
            return row
        even = row.serial_hex.upper().zfill(len(row.serial_hex) + len(row.serial_hex) % 2)
        try:
            cert = x509.load_pem_x509_certificate(read(self.certs / f"{even}.pem", "an archived certificate"))
            cert.verify_directly_issued_by(self.ca)
        except NotFound:
            return row
        except Exception as e:
            if isinstance(e, Denied | Unreachable):
                raise
            raise Unrecognised("an archived certificate is not one of this CA's") from None
        if f"{cert.serial_number:x}" != row.serial_hex:
            raise Unrecognised("an archived certificate carries another serial number than its name")
        return described(cert, revoked_at=row.revoked_at)

    def revoke(self, serial_hex: str, reason: str) -> CallResult:
        """Publish a CRL that also lists the serial, mark the index, run the reload command.

        One revocation at a time per CRL file. A serial that is listed already makes no new CRL, but the index and the reload are
        done again: an earlier attempt may have been cut off between them. Raises `Rejected` for a CRL that is not this CA's own.
        """
        if self.key is None:
            raise Denied("the CA key was not loaded: this client only reads")
        serial, why = int(serial_hex, 16), x509.ReasonFlags(reason)
        with _locked(self.crl_path.with_name(self.crl_path.name + ".lock")):
            blob = read(self.crl_path, "the CRL")
            old = _crl.parse(blob)
            _crl.check(old, self.ca)
            already = _crl.ended(old, serial)
            new = old if already else self._publish(old, serial, why, self.key, pem=_crl.is_pem(blob))
            entry = _crl.listed(new, serial)
            if self.index is not None and entry is not None:
                self._mark(self.index, serial_hex, entry)
        self._announce()
        notes = {"crl_number": str(_crl.number(new)), "crl_this_update": new.last_update_utc.isoformat()}
        return CallResult(status=CallStatus.ALREADY if already else CallStatus.DONE, notes=notes)

    def _publish(
        self, old: _crl.Crl, serial: int, why: x509.ReasonFlags, key: CertificateIssuerPrivateKeyTypes, *, pem: bool
    ) -> _crl.Crl:
        above = self._next_number() - 1
        new = _crl.extended(old, self.ca, key, serial, why, now=self.now(), days=self.days, above=above)
        if self.number is not None:  # before the CRL: a number that is skipped does no harm, one used twice does
            follows = f"{_crl.number(new) + 1:X}"
            _replace(self.number, (follows.zfill(len(follows) + len(follows) % 2) + "\n").encode())
        _replace(self.crl_path, _crl.encode(new, pem=pem))
        return new

    def _next_number(self) -> int:
        if self.number is None:
            return 0
        try:
            return int(read(self.number, "the CRL number file").strip(), 16)
        except ValueError:
            raise Unrecognised("the CRL number file does not hold a hexadecimal number") from None

    def _mark(self, index: Path, serial_hex: str, entry: _crl.Entry) -> None:
        blob = read(index, "the CA's index")
        marked = _index.marked(blob, serial_hex, entry.revocation_date_utc, _crl.reason(entry).value)
        if marked != blob:
            _replace(index, marked)

    def announced(self, serial_hex: str) -> bool:
        """Tell whether relying parties were made to read a CRL that lists the serial (True where no reload is configured)."""
        if not self.reload:
            return True
        try:
            told = _crl.parse(read(self._told, "the copy of the CRL that was last announced"))
            _crl.check(told, self.ca)
        except NotFound:
            return False
        return _crl.ended(told, int(serial_hex, 16))

    @property
    def _told(self) -> Path:
        return self.crl_path.with_name(self.crl_path.name + ".announced")

    def _announce(self) -> None:
        """Run the reload command, then keep a copy of the CRL that lay there before it ran: so much is known to be in force."""
        if not self.reload:
            return
        blob = read(self.crl_path, "the CRL")
        _reload(self.reload)
        with _locked(self.crl_path.with_name(self.crl_path.name + ".lock")):
            try:
                newest = _crl.number(_crl.parse(read(self._told, "the copy of the CRL that was last announced")))
            except (NotFound, Unrecognised):
                newest = -1
            if _crl.number(_crl.parse(blob)) >= newest:  # another revocation may have announced a later one meanwhile
                write_atomic(self._told, blob)


def _reload(command: tuple[str, ...]) -> None:
    so_far = "the CRL is published, but the reload command"
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=RELOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{so_far} did not end in {RELOAD_SECONDS:.0f} s", maybe_sent=True) from None
    except OSError as e:
        raise Unreachable(f"{so_far} cannot be run: {e.strerror}", maybe_sent=True) from None
    if done.returncode:
        said = done.stderr[-200:].decode("utf-8", "replace").strip()
        raise Unreachable(f"{so_far} ended with {done.returncode}: {said}", maybe_sent=True)
