"""Rows become requests that hostile values cannot bend, and answers are only what the row declares."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Identity, Liveness, Rest, When
from rescind.wire.http import Http
from rescind.wire.pace import Pacer
from rescind.wire.rest import call, look
from tests.unit.wire_clock import FakeClock

ME = Identity(account="acct", principal="op", identifiers=("own-id", "other"))
SETTINGS = {"org": "example", "mount": "pki/int", "n": 7}


class Recorder:
    def __init__(self, status: int = 204, **more: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._reply = (status, more)

    def http(self) -> Http:
        def handler(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return httpx.Response(self._reply[0], **self._reply[1])

        return Http("https://api.example.test", pacer=Pacer(1000, FakeClock()), transport=httpx.MockTransport(handler))


def cred(identifier: str = "id-1", **attributes: str) -> Credential:
    return Credential(
        kind="test.kind", provider="test", identifier=identifier, issuer="iss", subject="sub", attributes=attributes
    )


def act(rest: Rest, credential: Credential, recorder: Recorder) -> CallStatus:
    return call(recorder.http(), rest, credential, settings=SETTINGS, me=ME).status


def seen(rest: Rest, recorder: Recorder) -> Liveness:
    return look(recorder.http(), rest, cred(), settings=SETTINGS, me=ME).liveness


DELETE = Rest(method="DELETE", path="/v1/tokens/{identifier}", done=(204,), already=(404,))


@pytest.mark.parametrize(
    ("identifier", "raw"),
    [
        ("a/b", b"/v1/tokens/a%2Fb"),
        ("x?y=", b"/v1/tokens/x%3Fy%3D"),
        ("x#y", b"/v1/tokens/x%23y"),
        ("a b%2f", b"/v1/tokens/a%20b%252f"),
        ("arn:aws:iam::1:user/x", b"/v1/tokens/arn%3Aaws%3Aiam%3A%3A1%3Auser%2Fx"),
        ("ü", b"/v1/tokens/%C3%BC"),
        ("\udce4", b"/v1/tokens/%E4"),
        ("{issuer}", b"/v1/tokens/%7Bissuer%7D"),
        ("@evil.test", b"/v1/tokens/%40evil.test"),
    ],
)
def test_hostile_identifiers_stay_one_segment(identifier: str, raw: bytes) -> None:
    recorder = Recorder()
    assert act(DELETE, cred(identifier), recorder) is CallStatus.DONE
    assert recorder.requests[0].url.raw_path == raw
    assert recorder.requests[0].url.host == "api.example.test"


@pytest.mark.parametrize("identifier", ["", ".", "..", "../../x?y=", "a/../b", "..\\x", "a\r\nX: y", "a\nb"])
def test_identifiers_that_could_move_a_request_stop_it(identifier: str) -> None:
    recorder = Recorder()
    with pytest.raises(Rejected):
        act(DELETE, cred(identifier), recorder)
    assert recorder.requests == []


def test_every_field_is_rendered() -> None:
    recorder = Recorder()
    rest = Rest(
        method="POST",
        path="/v1/{settings.mount}/{self.account}/{attributes.name}",
        body={
            "id": "{identifier}",
            "who": "{self.id}/{self.principal}",
            "deep": [{"k": "{issuer}:{subject}"}],
            "n": 1,
            "on": True,
            "none": None,
        },
        query={"org": "{settings.org}", "n": "{settings.n}"},
        done=(204,),
    )
    act(rest, cred('x"y', name="a b"), recorder)
    request = recorder.requests[0]
    assert request.url.raw_path == b"/v1/pki/int/acct/a%20b?org=example&n=7"
    assert json.loads(request.content) == {
        "id": 'x"y',
        "who": "own-id/op",
        "deep": [{"k": "iss:sub"}],
        "n": 1,
        "on": True,
        "none": None,
    }


def test_a_form_is_encoded() -> None:
    recorder = Recorder()
    act(
        Rest(method="POST", path="/r", form={"token_type_hint": "access_token", "id": "{identifier}"}, done=(204,)),
        cred("a&b=c"),
        recorder,
    )
    assert recorder.requests[0].content == b"token_type_hint=access_token&id=a%26b%3Dc"
    assert recorder.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("field", ["attributes.absent", "settings.absent", "self.absent", "nonsense", "owner"])
def test_an_unknown_or_empty_value_stops_the_request(field: str) -> None:
    recorder = Recorder()
    for rest in (
        Rest(method="POST", path="/{" + field + "}", done=(204,)),
        Rest(method="POST", path="/", body={"a": "{" + field + "}"}, done=(204,)),
    ):
        with pytest.raises(Rejected) as caught:
            act(rest, cred(), recorder)
        assert caught.value.code == "incomplete"
    assert recorder.requests == []


ROW = Rest(
    method="POST",
    path="/x",
    done=(204, 200),
    already=(404, When(status=400, contains="already revoked", pointer="/errors")),
    accepted=(202,),
    nothing=(When(status=200, contains="No token found", pointer="/warnings"),),
)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (204, None, CallStatus.DONE),
        (200, {"warnings": None}, CallStatus.DONE),
        (200, {"warnings": ["x", "No token found with this accessor"]}, CallStatus.NOTHING),
        (202, {}, CallStatus.ACCEPTED),
        (404, {"error": "x"}, CallStatus.ALREADY),
        (400, {"errors": ["1 error: already revoked"]}, CallStatus.ALREADY),
    ],
)
def test_answers_are_sorted(status: int, body: Any, expected: CallStatus) -> None:
    assert act(ROW, cred(), Recorder(status, json=body) if body is not None else Recorder(status)) is expected


@pytest.mark.parametrize(
    ("status", "more", "error"),
    [
        (200, {"html": "<html>login</html>"}, Unrecognised),
        (404, {"html": "<html>not here</html>"}, NotFound),
        (200, {"content": b'{"warnings": ["No tok', "headers": {"content-type": "application/json"}}, Unrecognised),
        (201, {"json": {}}, Unrecognised),
        (302, {"headers": {"location": "https://evil.test"}}, Unrecognised),
        (400, {"json": {"errors": ["other"]}}, Rejected),
        (400, {"json": {"other": "already revoked"}}, Rejected),
        (403, {"json": {}}, Denied),
        (503, {"json": {}}, Unreachable),
    ],
)
def test_anything_not_listed_is_a_typed_error(status: int, more: dict[str, Any], error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        act(ROW, cred(), Recorder(status, **more))
    assert type(caught.value) is error


ACTIVE = Rest(
    method="POST",
    path="/introspect",
    live=(When(status=200, equals="true", pointer="/active"),),
    dead=(When(status=200, equals="false", pointer="/active"), 404),
)


def test_a_look_needs_the_words_of_the_row() -> None:
    assert seen(ACTIVE, Recorder(200, json={"active": True})) is Liveness.LIVE
    assert seen(ACTIVE, Recorder(200, json={"active": False})) is Liveness.DEAD
    assert seen(ACTIVE, Recorder(404, json={})) is Liveness.DEAD
    for recorder in (
        Recorder(200, json={}),
        Recorder(200, json={"active": None}),
        Recorder(200, json=[]),
        Recorder(200),
        Recorder(200, html="<p>"),
        Recorder(204),
    ):
        with pytest.raises(Unrecognised):
            seen(ACTIVE, recorder)


def test_inactive_is_not_active() -> None:
    rest = Rest(
        method="GET",
        path="/",
        live=(When(status=200, equals="active", pointer="/s"),),
        dead=(When(status=200, equals="inactive", pointer="/s"),),
    )
    assert seen(rest, Recorder(200, json={"s": "inactive"})) is Liveness.DEAD
    # With `contains` both hold: neither is believed.
    loose = Rest(
        method="GET",
        path="/",
        live=(When(status=200, contains="active", pointer="/s"),),
        dead=(When(status=200, contains="inactive", pointer="/s"),),
    )
    with pytest.raises(Unrecognised):
        seen(loose, Recorder(200, json={"s": "inactive"}))


def test_a_bare_status_is_not_enough_without_a_body() -> None:
    rest = Rest(method="GET", path="/", live=(200,), dead=(404,))
    assert seen(rest, Recorder(200, json={"id": 1})) is Liveness.LIVE
    with pytest.raises(Unrecognised):
        seen(rest, Recorder(200))


def test_evidence_names_the_request_but_no_identifier() -> None:
    rest = Rest(method="GET", path="/t/{identifier}", dead=(404,))
    observed = look(
        Recorder(404, json={"message": "gone"}, headers={"x-request-id": "r"}).http(),
        rest,
        cred("evil-text"),
        settings=SETTINGS,
        me=ME,
    )
    assert observed.evidence == "GET /t/{identifier}: 404 (gone)"
    assert observed.request_id == "r"
