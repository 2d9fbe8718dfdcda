"""How a certificate of an application gets its successor: a key that is made here, beside all others, shown to sign in before it is delivered.

The collection is read, and written whole with one more; its id is ours, so what a lost answer left behind is known. A certificate that is
given by an authority of the organisation is not made here: rotate that one where it comes from.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from rescind.models.clock import rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Liveness, Observation, Verb
from rescind.models.rotation import Minted, Rotation, Value
from rescind.providers.entra import _application, _keypair, _keys, _signs_in
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import seen, text
from rescind.secret import Secret

_ASSERTS = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def mint(client: Entra, old: Credential, mark: str) -> Minted:
    """Add another certificate to the application of the old one, for as long as that was to live. Raises typed provider errors."""
    at = _application.place(old)
    row, rows, shown = _application.held(client, at.path, _keys.MEMBER)
    start, end = _signs_in.until(old, shown)
    pair = _keypair.made(f"rescind {row.get('displayName') or row.get('appId')}", start - timedelta(minutes=5), end)
    fresh = {
        "keyId": str(uuid.uuid4()),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "displayName": _signs_in.label(mark),
        "startDateTime": rfc3339(start),
        "endDateTime": rfc3339(end),
        "key": _keypair.public(pair),
    }
    result = _keys.written_whole(client, at.path, rows, fresh)
    made = Value(identifier=f"{at.holder}/{at.object_id}/{fresh['keyId']}", secret=pair)
    return Minted(value=made, request_id=result.request_id, provider_time=result.provider_time)


def prove(client: Entra, old: Credential, value: Value) -> Observation:
    """See the certificate on its application, and ask for a token with it. Raises typed provider errors but those that concern the key."""
    app = old.attributes.get("app_id", "")
    audience = f"{client.login().base_url}{_signs_in.path_of(client)}"
    try:
        signed, public = _keypair.assertion(value.secret, app, audience), _keypair.public(value.secret)
    except ValueError:
        return Observation(liveness=Liveness.UNKNOWN, evidence="what is there is no private key with its certificate")
    _, rows, shown = _application.held(client, _application.place(old).path, _keys.MEMBER)
    if public not in {text(r, "key") for r in rows}:
        # the old one is removed by writing the others back: from a replica that has not heard of this one it would go too
        return seen(shown, Liveness.UNKNOWN, "Graph does not show the certificate on its application yet")
    name = f"certificate {_keypair.thumbprint(value.secret)}"
    return _signs_in.taken(client, old, name, {"client_assertion_type": _ASSERTS, "client_assertion": signed})


def unpack(held: Secret) -> Value:
    """Return the pair in one text. Raises `ValueError` for anything else."""
    _keypair.parts(held)
    return Value(identifier="", secret=Secret(held.reveal_bytes().strip()))


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
