"""SSH user keys and certificates: the operator's own authorized_keys files, and the key revocation list that sshd reads.

`authorized_keys` are glob patterns of files that this installation manages, `krl` the file that `RevokedKeys` names, `cas` the
public keys of the certificate authorities, `registry` the file in which the identity authority says whose a key is.
`session_seconds` is how long an SSH session lasts at most on these hosts, `propagation_seconds` how long the files take to reach
them (0 where sshd reads these very files): only the operator can know both.
"""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="ssh",
    title="OpenSSH servers",
    connect="rescind.providers.ssh._connect:connect",
    settings=(
        "account_id",
        "authorized_keys",
        "cas",
        "krl",
        "propagation_seconds",
        "registry",
        "session_seconds",
    ),
    reference="https://man.openbsd.org/sshd_config#RevokedKeys",
)
