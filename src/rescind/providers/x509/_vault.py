"""A certificate authority inside Vault or OpenBao: the PKI secrets engine (https://openbao.org/api-docs/secret/pki/)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from rescind.errors import Denied, NotFound, Rejected, Unrecognised
from rescind.models.clock import rfc3339
from rescind.models.kind import CallResult, CallStatus
from rescind.providers.x509 import _crl
from rescind.providers.x509._authority import Issued, described
from rescind.wire.http import Answer, Http, raise_for


def colon(serial_hex: str) -> str:
    """Return a serial as Vault writes it: pairs of lower-case digits between colons."""
    raw = f"{int(serial_hex, 16):x}"
    raw = raw.zfill(len(raw) + len(raw) % 2)
    return ":".join(raw[i : i + 2] for i in range(0, len(raw), 2))


def _data(answer: Answer) -> dict[str, Any]:
    data = answer.json.get("data") if isinstance(answer.json, dict) else None
    if not isinstance(data, dict):
        raise Unrecognised("the PKI engine's answer has no data", status=answer.status, request_id=answer.request_id)
    return data


ABSENT, FOREIGN = "absent", "foreign"  # tidied away since the listing; of another issuer in this mount


@dataclass(frozen=True, slots=True)
class VaultAuthority:
    """An authority at `mount`. The CA's certificate is read at each use: a rotated issuer is another CA."""

    http: Http
    mount: str

    def _get(self, path: str, what: str, *, query: dict[str, str] | None = None) -> Answer:
        answer = self.http.send("GET", f"/v1/{self.mount}/{path}", query=query)
        if answer.status == 404 and isinstance(answer.json, dict) and answer.json.get("errors") == []:
            # how the engine says that it holds no such thing; any other 404 (a proxy's, a wrong path's) says nothing
            raise NotFound(f"{what}: the engine holds none", status=404, code=ABSENT, request_id=answer.request_id)
        raise_for(answer, what=what)
        return answer

    def certificate(self) -> x509.Certificate:
        """Return the certificate of the mount's default issuer."""
        answer = self._get("ca/pem", "reading the CA certificate")
        try:
            return x509.load_pem_x509_certificate(answer.body)
        except ValueError:
            raise Unrecognised("the PKI engine gave no readable CA certificate", status=answer.status) from None

    def crl(self) -> _crl.Crl:
        """Return the mount's complete CRL, as any relying party would fetch it."""
        return _crl.parse(self._get("crl/pem", "reading the CRL").body)

    def keeps_records(self) -> bool:
        """Tell that Vault keeps what it issues (except for roles with `no_store`, whose serials it does not know)."""
        return True

    def issued(self) -> Iterator[Issued]:
        """List every stored certificate: one listing, then one read for each."""
        answer = self.http.send("GET", f"/v1/{self.mount}/certs", query={"list": "true"})
        if answer.status == 404 and isinstance(answer.json, dict) and answer.json.get("errors") == []:
            return  # how the engine answers an empty listing; a mount that does not exist says so in `errors`
        raise_for(answer, what="listing issued certificates")
        keys = _data(answer).get("keys")
        if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
            raise Unrecognised("the PKI engine's listing holds no keys", request_id=answer.request_id)
        ca = self.certificate()
        for key in keys:
            try:
                yield self._record(key.replace(":", "").replace("-", ""), ca)
            except NotFound as error:
                if error.code not in {ABSENT, FOREIGN}:
                    raise  # a shorter list would pass for a whole one

    def record(self, serial_hex: str) -> Issued:
        """Return the engine's stored certificate. Raises `NotFound` when it has none, or it is of another issuer."""
        return self._record(serial_hex, self.certificate())

    def _record(self, serial_hex: str, ca: x509.Certificate) -> Issued:
        answer = self._get(f"cert/{colon(serial_hex)}", "reading an issued certificate")
        data = _data(answer)
        at = data.get("revocation_time_rfc3339", "")
        if not isinstance(at, str):
            raise Unrecognised("the PKI engine's revocation time is not text", request_id=answer.request_id)
        try:
            cert = x509.load_pem_x509_certificate(str(data.get("certificate", "")).encode())
        except ValueError:
            raise Unrecognised("the PKI engine gave no readable certificate", request_id=answer.request_id) from None
        try:
            cert.verify_directly_issued_by(ca)
        except Exception:  # noqa: BLE001  (ValueError, TypeError, InvalidSignature: all mean "not by this CA")
            raise NotFound("issued by another CA", code=FOREIGN, request_id=answer.request_id) from None
        if cert.serial_number != int(serial_hex, 16):
            raise Unrecognised("the PKI engine gave another certificate than asked for", request_id=answer.request_id)
        return described(cert, revoked_at=at if data.get("revocation_time") else "")

    def announced(self, serial_hex: str) -> bool:
        """Say yes: relying parties fetch this CRL themselves, and how long that takes is the residual."""
        del serial_hex
        return True

    def revoke(self, serial_hex: str, reason: str) -> CallResult:
        """Revoke, then see that the CRL lists it, asking for a new one where the mount does not build it at once.

        `reason` is not used: the engine takes none (https://openbao.org/api-docs/secret/pki/#revoke-certificate).
        Raises `NotFound` for a serial that the engine does not hold.
        """
        del reason
        if self.record(serial_hex).revoked_at:
            self._published(serial_hex)
            return CallResult(status=CallStatus.ALREADY)
        answer = self.http.send("POST", f"/v1/{self.mount}/revoke", json={"serial_number": colon(serial_hex)})
        raise_for(answer, what="revoking the certificate")
        if not isinstance(_data(answer).get("revocation_time"), int):
            raise Unrecognised("the PKI engine gave no revocation time", request_id=answer.request_id)
        notes = self._published(serial_hex)
        return CallResult(
            status=CallStatus.DONE,
            request_id=answer.request_id,
            provider_time=answer.provider_time,
            http_status=answer.status,
            notes=notes,
        )

    def _published(self, serial_hex: str) -> dict[str, str]:
        crl = self.crl()
        if not _crl.ended(crl, int(serial_hex, 16)):
            try:
                self._get("crl/rotate", "rotating the CRL")
            except (Denied, Rejected):
                return {"crl": "does not list it yet, and may not be rotated by us"}
            crl = self.crl()
        return {"crl_number": str(_crl.number(crl)), "crl_this_update": rfc3339(crl.last_update_utc)}
