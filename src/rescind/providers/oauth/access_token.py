"""OAuth access tokens, ended at the server that issued them (RFC 7009).

A token that is a signed JWT can be checked without asking the server (https://www.rfc-editor.org/rfc/rfc9068#section-4): whoever
does that accepts it until it expires, whatever was revoked. Such a token is `residual` until its expiry.
"""

from __future__ import annotations

from rescind.models.kind import Act, Kind, Residual, Verb
from rescind.providers.oauth import _token

KIND = Kind(
    id="oauth.access-token",
    title="OAuth 2.0 access token",
    provider="oauth",
    needs_secret=True,
    actions={
        Verb.REVOKE: Act(
            call=_token.revoke,
            reversible=False,
            idempotent=True,
            permissions=("a client that may revoke tokens of the client they were issued to",),
            undo="none: sign in again",
        )
    },
    verify=_token.verify,
    control=_token.control,
    identify=_token.identify,
    read_permissions=(
        "a client that may introspect tokens issued to other clients",
        "the client_credentials grant, for the control read",
    ),
    residual=Residual(
        what="a signed token, wherever it is checked offline",
        source="https://www.rfc-editor.org/rfc/rfc9068#section-4",
    ),
    reference="https://www.rfc-editor.org/rfc/rfc7009",
    since="0.1",
    tested=("oidc-provider 9.13",),
    steps_by_hand="Find the server that issued it, revoke the person's grants to the client there, and end their sessions.",
)
