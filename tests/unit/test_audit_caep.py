"""CAEP tokens: only for what was proven dead, in the shape of the specification, signed so that a JOSE library agrees."""

from __future__ import annotations

import base64

import pytest

from rescind.audit.caep import EVENTS, sign_set, to_caep
from rescind.audit.note import open_note, parse_vkey
from rescind.audit.signer import new_signer
from rescind.errors import AuditError
from rescind.models.credential import EndState
from tests.unit.audit_trails import fresh

WHO = {"issuer": "https://rescind.example.com", "audience": "https://receiver.example.com"}


def _tokens(tmp_path, *outcomes):
    with fresh(tmp_path) as log:
        for n, (about, outcome) in enumerate(outcomes):
            log.append("intent", run="r", step=f"s{n}", data=about)
            log.append("outcome", run="r", step=f"s{n}", data=outcome)
        return list(to_caep(log.entries(), **WHO))


def test_only_what_is_dead(tmp_path):
    tokens = _tokens(tmp_path, *(({"credential": state}, {"end_state": state}) for state in EndState))
    assert [token["sub_id"] for token in tokens] == [{"format": "opaque", "id": "dead"}]


def test_claims(tmp_path):
    about = {"credential": "cred-1", "kind": "aws.access-key", "verb": "delete"}
    key, session = _tokens(tmp_path, (about, {"end_state": "dead"}), ({"kind": "okta.session"}, {"end_state": "dead"}))
    assert key == {
        "iss": WHO["issuer"],
        "aud": WHO["audience"],
        "iat": 1772366400,
        "jti": "r/1",
        "txn": "r",
        "sub_id": {"format": "opaque", "id": "cred-1"},
        "events": {
            EVENTS + "credential-change": {
                "event_timestamp": 1772366400,
                "initiating_entity": "admin",
                "reason_admin": {"en": "rescind run r"},
                "change_type": "delete",
                "credential_type": "aws.access-key",
            }
        },
    }
    assert list(session["events"]) == [EVENTS + "session-revoked"] and session["jti"] == "r/3"
    assert "credential_type" not in session["events"][EVENTS + "session-revoked"]


def test_signed_token(tmp_path):
    jose = pytest.importorskip("joserfc")
    from joserfc import jwt
    from joserfc.jwk import OKPKey

    (claims,) = _tokens(tmp_path, ({"kind": "x"}, {"end_state": "dead"}))
    signer = new_signer("rescind/0123456789abcdef")
    token = sign_set(claims, signer)
    _, public = parse_vkey(signer.vkey)
    jwk = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}
    )
    opened = jwt.decode(token, jwk, algorithms=["EdDSA"])
    assert opened.claims == claims and opened.header["typ"] == "secevent+jwt"
    head, body, signature = token.split(".")
    for bad in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{signature[:-4]}AAAA"):
        with pytest.raises(jose.errors.JoseError):
            jwt.decode(bad, jwk, algorithms=["EdDSA"])
    with pytest.raises(AuditError):
        open_note(token, signer.vkey)
