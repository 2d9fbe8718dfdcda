"""Saved connections of SQL Server Management Studio, SQLyog and older SQL Developer: who logs in where, with a password that only that user, or anybody, can open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _dpapi, _xml
from rescind.stores._ini import groups
from rescind.stores._lines import strings
from rescind.stores._locked import locked
from rescind.stores._text import decode

_KIND = "database.password"
_CLEAR = ("hostname", "customUrl", "user", "sid", "serviceName", "password")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each connection that has a password. Raises `Unparsable` for XML that is not whole."""
    name = at.path.rpartition("/")[2].lower()
    if name.endswith(".bin"):
        if _dpapi.facts(blob) or "Password" in strings(blob[: 4 * MiB]):
            yield locked(_KIND, at, "dpapi", more={"tool": "ssms"})
    elif name.endswith(".ini"):
        for group in groups(decode(blob), ("host",)):
            said = {key: entry.value for key, entry in group.items()}
            if said.get("password") and said.get("host"):
                more, entry = (
                    {"name": said.get("name", ""), "host": said["host"], "user": said.get("user", "")},
                    group["password"],
                )
                yield locked(
                    _KIND,
                    replace(at, line=entry.line),
                    "app",
                    entry.section,
                    issuer=said["host"],
                    subject=more["user"],
                    more=more,
                )
    elif blob.strip():
        yield from _connections(_xml.load(blob), at) if name == "connections.xml" else _studio(_xml.load(blob), at)


def _connections(root: _xml.Element, at: Location) -> Iterator[Finding]:
    """Yield the references of Oracle's tools: https://docs.oracle.com/en/database/oracle/sql-developer/."""
    if root.tag != "References":
        raise Unparsable("the file is not a list of connections")
    for reference in (e for e in root.walk() if e.tag == "Reference"):
        said = {
            e.attributes.get("addrType", ""): e.child("Contents") for e in reference.walk() if e.tag == "StringRefAddr"
        }
        more = {"name": reference.attributes.get("name", ""), **{k: said[k] for k in _CLEAR[:-1] if said.get(k)}}
        if said.get("password"):
            host = said.get("hostname", "")
            yield locked(_KIND, at, "app", more["name"], issuer=host, subject=said.get("user", ""), more=more)


def _studio(root: _xml.Element, at: Location) -> Iterator[Finding]:
    """Yield the logins of Management Studio: the server stands around the list of its logins."""
    for server in (
        e for e in root.walk() if e.tag in {"ServerConnectionItem", "ServerTypeItem"} and e.child("Instance")
    ):
        for login in (e for e in server.walk() if e.child("Password")):
            more = {"tool": "ssms", "host": server.child("Instance"), "user": login.child("UserName")}
            yield locked(_KIND, at, "dpapi", more["host"], issuer=more["host"], subject=more["user"], more=more)


STORE = Store(
    id="sql-clients-windows",
    title="Management Studio, SQLyog and older SQL Developer",
    where=(
        *(
            At(root=Root.APPDATA, glob=f"Microsoft/{g}", os=("windows",))
            for g in (
                "SQL Server Management Studio/*/UserSettings.xml",
                "Microsoft SQL Server/*/Tools/Shell/SqlStudio.bin",
                "Microsoft SQL Server/*/Tools/Shell/mru.dat",
                "SQL Server Management Studio/*/SqlStudio.bin",
            )
        ),
        At(root=Root.APPDATA, glob="SQLyog/sqlyog.ini", os=("windows",)),
        At(
            root=Root.APPDATA, glob="SQL Developer/system*/o.jdeveloper.db.connection*/connections.xml", os=("windows",)
        ),
        At(root=Root.HOME, glob=".sqldeveloper/system*/o.jdeveloper.db.connection*/connections.xml"),
    ),
    yields=(_KIND,),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/ssms/menu-help/connect-to-server-login-page-database-engine",
)
