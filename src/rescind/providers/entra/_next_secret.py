"""How a client secret gets its successor: another one on the same application, shown to work before anybody is given it.

Both work until the old one is removed, at the end of the configured grace: Entra cannot switch one off. Entra tells the value of a new one
only once, so an answer that was lost leaves one behind that nobody has; it is known by its name, which holds the run and the step.
https://learn.microsoft.com/en-us/graph/api/application-addpassword
"""

from __future__ import annotations

from rescind.errors import Unreachable
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Observation, Verb
from rescind.models.rotation import Minted, Rotation, Value
from rescind.providers.entra import _application, _signs_in
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import text, unclear
from rescind.secret import Secret
from rescind.wire.http import raise_for


def mint(client: Entra, old: Credential, mark: str) -> Minted:
    """Add another secret to the application of the old one, for as long as that was to live. Raises typed provider errors."""
    at = _application.place(old)
    _, _, shown = _application.held(client, at.path, "passwordCredentials")
    _, end = _signs_in.until(old, shown)
    wanted = {"displayName": _signs_in.label(mark), "endDateTime": rfc3339(end)}
    answer = client.http.send("POST", f"{at.path}/addPassword", json={"passwordCredential": wanted})
    raise_for(answer, what="addPassword")
    if not isinstance(answer.json, dict):
        raise unclear(answer, "addPassword: no object")
    key, value = text(answer.json, "keyId"), text(answer.json, "secretText")
    if not key or not value:
        raise Unreachable("addPassword: an answer without a secret", maybe_sent=True, request_id=answer.request_id)
    made = Value(identifier=f"{at.holder}/{at.object_id}/{key}", secret=Secret(value))
    return Minted(value=made, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Entra, old: Credential, value: Value) -> Observation:
    """Ask for a token with the secret. Raises typed provider errors but those that concern the secret."""
    name = f"secret {value.identifier.rpartition('/')[2] or 'of its user'}"
    return _signs_in.taken(client, old, name, {"client_secret": value.secret})


def unpack(held: Secret) -> Value:
    """Return the value in one text. Raises `ValueError`."""
    shown = held.reveal().strip()
    if not shown or not shown.isprintable() or " " in shown:
        raise ValueError("no client secret")
    return Value(identifier="", secret=Secret(shown))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=_signs_in.ours,
    discard=Verb.REVOKE,
    permissions=_application.WRITE,
    pack=lambda value: value.secret,
    unpack=unpack,
    birth=_signs_in.BIRTH,
)
