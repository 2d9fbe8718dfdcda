"""Interprets `Rest` rows: renders the request, sends it once, and sorts the answer by what the row declares.

A row's conditions are tried first; what they do not name becomes a typed error. A 2xx that nobody listed, a web page, cut-off
JSON: all `Unrecognised`. Values from hostile evidence go into a path percent-encoded and can never add a segment to it.
"""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Identity, Liveness, Observation, Rest, When
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for

Settings = Mapping[str, Any]
_FIELD = re.compile(r"\{([^{}]+)\}")
ABSENT = object()
"""What `value_at` returns where nothing stands."""
K = TypeVar("K")


def call(
    http: Http, rest: Rest, credential: Credential, *, settings: Settings, me: Identity, secret: Secret | None = None
) -> CallResult:
    """Do what an action's row says and return which of its lists the answer is in. Raises a `ProviderError` otherwise."""
    answer = send(http, rest, credential, settings=settings, me=me, secret=secret)
    lists = {
        CallStatus.DONE: rest.done,
        CallStatus.ALREADY: rest.already,
        CallStatus.ACCEPTED: rest.accepted,
        CallStatus.NOTHING: rest.nothing,
    }
    status = sort(answer, lists, what=_what(rest))
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def look(
    http: Http, rest: Rest, credential: Credential, *, settings: Settings, me: Identity, secret: Secret | None = None
) -> Observation:
    """Read what a verification's row says and return live or dead with the evidence. Raises a `ProviderError` otherwise."""
    answer = send(http, rest, credential, settings=settings, me=me, secret=secret)
    if 200 <= answer.status < 300 and answer.status not in {204, 205} and answer.json is None:
        raise Unrecognised(
            f"{_what(rest)}: {answer.status} without JSON", status=answer.status, request_id=answer.request_id
        )
    liveness = sort(answer, {Liveness.LIVE: rest.live, Liveness.DEAD: rest.dead}, what=_what(rest))
    return Observation(
        liveness=liveness,
        evidence=f"{_what(rest)}: {answer.status}" + (f" ({answer.detail})" if answer.detail else ""),
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


def send(
    http: Http,
    rest: Rest,
    credential: Credential,
    *,
    settings: Settings,
    me: Identity,
    secret: Secret | None = None,
    page: Mapping[str, str] | None = None,
) -> Answer:
    """Render a row over a credential and send it once. Raises `Rejected` when a value is missing or cannot go into a path.

    `page` is added to the query as it is: what a provider gave to ask for the next page is no template.
    """
    value = _values(credential, settings, me)
    query = {**(_render(rest.query, value) or {}), **(page or {})}
    return http.send(
        rest.method,
        _path(rest.path, value),
        json=_render(rest.body, value, secret) if rest.body is not None else None,
        form=_render(rest.form, value, secret) if rest.form is not None else None,
        query=query or None,
    )


def sort(answer: Answer, lists: Mapping[K, tuple[int | When, ...]], *, what: str) -> K:
    """Return the one list that an answer is in: conditions on the body win over bare statuses. Raises a `ProviderError`."""
    if answer.intelligible:
        for asks_body in (True, False):
            found = [
                key
                for key, conditions in lists.items()
                if any(_asks_body(c) is asks_body and holds(c, answer) for c in conditions)
            ]
            if len(found) == 1:
                return found[0]
            if found:
                break
    raise_for(answer, what=what)
    raise Unrecognised(
        f"{what}: {answer.status} in a form nobody documented", status=answer.status, request_id=answer.request_id
    )


def _what(rest: Rest) -> str:
    # The template, not the rendered path: an identifier from evidence has no business in a log line.
    return f"{rest.method} {rest.path}"


def _asks_body(condition: int | When) -> bool:
    return isinstance(condition, When) and bool(condition.contains or condition.equals or condition.pointer)


def holds(condition: int | When, answer: Answer) -> bool:
    """Tell whether a condition holds for an answer."""
    if isinstance(condition, int):
        return condition == answer.status
    if condition.status != answer.status:
        return False
    if not _asks_body(condition):
        return True
    if condition.pointer:
        value = value_at(answer.json, condition.pointer)
        texts = [_text(v) for v in (value if isinstance(value, list) else [value]) if v is not ABSENT]
    else:
        texts = [answer.body.decode("utf-8", "replace")]
    if condition.equals:
        return condition.equals in texts
    return any(condition.contains in text for text in texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else jsonlib.dumps(value)


def value_at(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer names, or `ABSENT` (https://www.rfc-editor.org/rfc/rfc6901)."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return ABSENT
    return document


def _values(credential: Credential, settings: Settings, me: Identity) -> Callable[[str], str]:
    known = {
        "identifier": credential.identifier,
        "issuer": credential.issuer,
        "subject": credential.subject,
        "owner": credential.owner,
        "self.account": me.account,
        "self.principal": me.principal,
        "self.id": me.identifiers[0] if me.identifiers else "",
    }

    def value(name: str) -> str:
        if name.startswith("attributes."):
            found: Any = credential.attributes.get(name.removeprefix("attributes."), "")
        elif name.startswith("settings."):
            found = settings.get(name.removeprefix("settings."), "")
        else:
            found = known.get(name, "")
        if found == "":
            # An empty value would turn "delete this one" into "delete the collection".
            raise Rejected(f"nothing is known for {name!r}: the request was not made", code="incomplete")
        return str(found)

    return value


def _path(template: str, value: Callable[[str], str]) -> str:
    def encoded(match: re.Match[str]) -> str:
        name = match.group(1)
        # Settings are the operator's own words and may name a mount of several segments; evidence may not.
        safe = "/" if name.startswith("settings.") else ""
        return quote(value(name), safe=safe, errors="surrogateescape")

    return _FIELD.sub(encoded, template)


def _render(template: Any, value: Callable[[str], str], secret: Secret | None = None) -> Any:
    match template:
        case "{secret}" if secret:
            return secret  # stays a `Secret` until the client writes the body, so that answers are scrubbed of it
        case str():
            return _FIELD.sub(lambda m: value(m.group(1)), template)
        case Mapping():
            return {k: _render(v, value, secret) for k, v in template.items()}
        case list() | tuple():
            return [_render(v, value, secret) for v in template]
    return template
