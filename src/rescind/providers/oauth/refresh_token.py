"""OAuth refresh tokens, ended at the server that issued them (RFC 7009).

Revoking one SHOULD also end the access tokens of the same grant (https://www.rfc-editor.org/rfc/rfc7009#section-2.1); where a
server does not, they go on until they expire: the tenant's `access_seconds` says how long that can be.
"""

from __future__ import annotations

from rescind.models.kind import Act, Kind, Residual, Verb
from rescind.providers.oauth import _token

KIND = Kind(
    id="oauth.refresh-token",
    title="OAuth 2.0 refresh token",
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
        what="access tokens of the same grant, where the server does not end them together",
        source="https://www.rfc-editor.org/rfc/rfc7009#section-2.1",
    ),
    reference="https://www.rfc-editor.org/rfc/rfc7009",
    since="0.1",
    tested=("oidc-provider 9.13",),
    steps_by_hand="Find the server that issued it, revoke the person's grants to the client there, and end their sessions.",
)
