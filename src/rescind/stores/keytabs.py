"""Kerberos keytabs: long-lived keys of principals, each with its version. A new key in the realm makes the old one worthless."""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._keytab import findings

STORE = Store(
    id="keytabs",
    title="Kerberos keytabs",
    where=(
        At(root=Root.SYSTEM, glob="etc/krb5.keytab", env="KRB5_KTNAME"),
        *(At(root=Root.SYSTEM, glob=g) for g in ("etc/*.keytab", "etc/*/*.keytab", "var/lib/*/*.keytab")),
        *(At(root=Root.HOME, glob=g) for g in ("*.keytab", ".*.keytab", "Downloads/*.keytab", "keytabs/*.keytab")),
    ),
    yields=("kerberos.keytab",),
    max_bytes=1 * MiB,
    parse=findings,
    since="0.1",
    reference="https://web.mit.edu/kerberos/krb5-devel/doc/formats/keytab_file_format.html",
)
