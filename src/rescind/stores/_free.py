"""Credentials in free text: exact forms first, then what stands beside them says the rest.

Every credential is yielded once per file, at its first line, with how often and where last it was seen. What is a documented
example, a stand-in or a reference to a secret kept elsewhere yields nothing; a token whose checksum is wrong is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _forms, _github, _owners, _urls
from rescind.stores._aws import is_secret_key, key_finding
from rescind.stores._decoys import is_harmless, is_placeholder, is_sample_key, literal
from rescind.stores._jwt import claims, expiry, facts, is_sample
from rescind.stores._lines import pieces, slices
from rescind.stores._openssh import read_block
from rescind.stores._page import Page, Tally
from rescind.stores._password import is_stand_in
from rescind.stores._pem import blocks
from rescind.stores._registry import host_of
from rescind.stores._sighting import sighting
from rescind.stores._tells import Tell, tells
from rescind.stores._vault import form_of, is_vault_name

_LONG = re.compile(r"https://(?:hooks\.slack|discord(?:app)?)\.com/[\w/\-]{20,160}|[A-Za-z0-9_\-.~+/=:]++")
_CUT = re.compile(r"[=:/]+")
_TAIL = ".-:=/~+"
_KEY_ID = re.compile(r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])")
_SECRET = re.compile(
    r"(?<![A-Za-z0-9/+])(?=[^A-Z\s]{0,39}[A-Z])(?=[^a-z\s]{0,39}[a-z])(?=[^0-9\s]{0,39}[0-9])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
_SESSION = re.compile(r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=]{60,4000}")
_JWT = re.compile(
    r"(?<![A-Za-z0-9_\-.])eyJ[A-Za-z0-9_\-]{10,4000}\.eyJ[A-Za-z0-9_\-]{10,16000}\.[A-Za-z0-9_\-]{10,4000}(?![A-Za-z0-9_\-.])"
)
_AGE = re.compile(r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}")
_STAND_IN = re.compile(r"(?i:your[-_])|(?i:[-_]here\b)|(?i:x{6})|EXAMPLE|Eby8vdM02xNO|\.{3}")
_WITHIN = 8  # lines between a key id and its secret
_DEFAULTS = "user pass password passwd pwd changeme secret postgres root guest example admin test token tiger anonymous"
_WEAK = frozenset({*_DEFAULTS.split(), "mysecretpassword", "my-secret-pw", "x-oauth-basic"})
_DATABASES = frozenset({"auth", "mysql", "mariadb", "redis-cli", "mongo", "sqlcmd", "SQL"})
_CODE = re.compile(r"[(){}\[\]<>$`,]|^[./~]|^(?:https?|ssh|git|file)://|\.\w+\(|^[A-Za-z]:\\")
_SHAKEN = re.compile(r"[a-z][A-Z]{2}|[A-Z]{2}[a-z].*[a-z][A-Z]")  # as no word or name is written
_NO_SECRET = re.compile(
    r"\s|://|^[*]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|^\d{4}-\d\d-\d\d|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
)
_OWN = "aws.access-key aws.role-session ssh.user-key file.secret url.password database.password git.password docker.login age.identity"
_NAMED = "azure.shared-access-key oauth.access-token entra.access-token kube.token"
KINDS = tuple(dict.fromkeys((*_OWN.split(), *_NAMED.split(), *_forms.KINDS, *_owners.KINDS)))
"""Every kind that free text can yield."""


@cache
def searched(text_of: Callable[[bytes], str]) -> Callable[[bytes, Location], Iterator[Finding]]:
    """Return the parser of a store of free text that `text_of` takes out of its files."""

    def parse(blob: bytes, at: Location) -> Iterator[Finding]:
        """Yield every credential that free text tells, each once. Raises `Unparsable` at the end where that was too much."""
        tally, trouble = Tally(), ""
        try:
            for part, line in slices(blob):
                _search(text_of(part), at, line, tally)
        except Unparsable as e:
            trouble = e.message
        yield from tally.findings()
        if trouble:
            raise Unparsable(trouble)

    return parse


def _search(text: str, at: Location, line: int, tally: Tally) -> None:
    for piece, more in pieces(text):
        page = Page(piece, at, line + more - 1)
        for look in (_keys, _aws, _long, _jwts, _told):
            look(page, tally)


def _keys(page: Page, tally: Tally) -> None:
    """Take private keys, whole ones only: half a key in a scroll-back opens nothing."""
    if "PRIVATE KEY-----" in page.text:
        for block in blocks(page.text):
            if not block.label.endswith("PRIVATE KEY") or not block.whole or block.encrypted:
                continue
            tally.look()
            try:
                key = read_block(block)
            except Unparsable:
                continue
            if not is_sample_key(key.fingerprint):
                place = replace(page.at, line=page.first + block.line - 1)
                seen = sighting(
                    "ssh.user-key", place, identifier=key.fingerprint, secret=key.private, attributes=key.facts()
                )
                tally.add(seen, page)
    if "AGE-SECRET-KEY-1" in page.text:
        for found in _AGE.finditer(page.text):
            page.taken.append(found.span())
            tally.add(sighting("age.identity", page.place(found.start()), secret=found[0]), page)


def _aws(page: Page, tally: Tally) -> None:
    """Take AWS key ids, each with the nearest secret within eight lines, below rather than above."""
    ids = list(_KEY_ID.finditer(page.text)) if "AKIA" in page.text or "ASIA" in page.text else []
    free = list(_SECRET.finditer(page.text)) if ids else []
    past: set[str] = set()
    for found in ids:
        page.taken.append(found.span())
        if not free and found[0] in past:
            continue
        past.add(found[0])
        tally.look()
        here = page.line(found.start())
        near = [s for s in free if s.start() - found.end() < 4096 and found.start() - s.end() < 4096]
        near = [s for s in near if abs(page.line(s.start()) - here) <= _WITHIN and is_secret_key(s[0])]
        best = min(near, key=lambda s: (abs(s.start() - found.start()), s.start() < found.start()), default=None)
        if best:
            free.remove(best)
            page.taken.append(best.span())
        finding = key_finding(found[0], best[0] if best else "", page.place(found.start()))
        if finding.state is not State.PLACEHOLDER:
            tally.add(finding, page)
    if ids:
        page.taken += [m.span() for m in _SESSION.finditer(page.text)]


def _long(page: Page, tally: Tally) -> None:
    """Take tokens that tell by their own form whose they are, wherever they stand in a run of characters."""
    past = 0
    for word in page.text.split():
        if len(word) < 20:
            continue
        past = page.text.find(word, past)
        for found in _LONG.finditer(word):
            if len(found[0]) >= 20:
                _run(found[0], page, past + found.start(), tally)
        past += len(word)


def _run(run: str, page: Page, start: int, tally: Tally) -> None:
    cuts = [0] if run.startswith(_HOOKS) else [0, *(m.end() for m in islice(_CUT.finditer(run), 40))]
    for cut in cuts:
        part = run[cut : cut + 5000]
        if len(part) < 20:
            break
        if not _HINT.match(part):
            continue
        tally.look()
        for value in dict.fromkeys((part.rstrip(_TAIL), _CUT.split(part, maxsplit=1)[0], part)):
            if _form(value, page, start + cut, tally):
                break


_NAME = re.compile(
    r"""(?:(?:\$env:|(?<![\w/@.\-:\\]))([A-Za-z_][\w.\-]{1,80})["']?\s{0,3}(?:[=:]|DEFAULT=)\s{0,3}"""
    r"""|<key>([A-Za-z_]\w{1,80})</key>\s{0,20}<string>"""
    r"""|(?:set\s-\w{1,4}|set-environment\s-g|setx)\s["']?([A-Za-z_]\w{1,80})["']?\s)["'`]{0,3}\Z"""
)
_HOOKS = ("https://hooks.slack", "https://discord")
_HINT = re.compile(
    r"gh[pousr]_|github_pat_|gl[a-z]{2,5}-|sk-|npm_|pypi-|xox|xapp-|https:|[sr]k_(?:live|test)|hf_|api_org_|AIza|GOCSPX|1//0|ya29\."
    r"|hv[sbr]\.|dapi|do[opr]_v1|SG\.|shp|AT[ACB]|dp\.|PMAK-|lin_|ntn_|fig|[MNO][\w\-]{23,27}\.|\d{8,10}:A|dckr_|rubygems_|HRKU-|fm[12]|FlyV1"
    r"|sbp_|sb_secret|pscale_|pul-|nf[pcou]_|vc[pairk]_|CCI|bk|gls?[ac]_|sntr|NR|tskey-|v1\.0-|cf|gsk_|xai-|pplx-|r8_|lsv2_|ops_|sgp_|dt0|sha256~"
    r"|[A-Za-z0-9]{14}\.atlasv1|[A-Za-z0-9]{76}AZDO|.{3}\dQ~"
)


def _form(value: str, page: Page, start: int, tally: Tally) -> bool:
    form = _forms.identify(value)
    if form is None or not page.free(start, start + len(value)):
        return False
    page.taken.append((start, start + len(value)))
    if is_placeholder(value) or is_harmless(value) or _STAND_IN.search(value) or len(set(value[-20:])) < 4:
        return True
    more = {"form": form_of(value, named=False)} if form.kind == "vault.token" else {}
    finding = _forms.finding(value, page.place(start), {**more, "name": _name_before(page.text, start)})
    if _github.checksum(value) == "wrong" and form.kind in {"github.token", "npm.token"}:
        finding = replace(finding, secret=None, state=State.PLACEHOLDER)
    tally.add(finding, page)
    return True


def _name_before(text: str, start: int) -> str:
    """Return the name that a value stands beside, as in `NAME=`, `"name": "` and `set -gx NAME `; "" without one."""
    found = _NAME.search(text, max(0, start - 120), start)
    return next(filter(None, found.groups()), "") if found else ""


def _jwts(page: Page, tally: Tally) -> None:
    """Take JSON Web Tokens: they name their issuer, their subject and their end."""
    for found in _JWT.finditer(page.text) if "eyJ" in page.text else ():
        tally.look()
        said = claims(found[0])
        if not page.free(*found.span()) or not said:
            continue
        page.taken.append(found.span())
        if is_sample(found[0]):
            continue
        known, place = facts(found[0]), page.place(found.start())
        issuer = known.get("iss", "")
        kind = "entra.access-token" if "sts.windows.net" in issuer or "login.microsoftonline.com" in issuer else ""
        kind = kind or ("kube.token" if "serviceaccount" in issuer + known.get("sub", "") else "oauth.access-token")
        who = known.get("sub", "") or known.get("email", "")
        named = known.get("jti", "") or known.get("uti", "")
        until = expiry(found[0])
        seen = sighting(
            kind,
            place,
            identifier=named,
            issuer=issuer,
            subject=who,
            secret=found[0],
            attributes=known,
            expires_at=until,
        )
        tally.add(seen, page)


def _told(page: Page, tally: Tally) -> None:
    """Take what names, options, commands, headers and addresses say is secret."""
    for tell in tells(page.text):
        tally.look()
        value = literal(tell.value.strip("\"'`"))
        if page.free(tell.start, tell.start + len(tell.value)) and _is_secret(value, tell):
            page.taken.append((tell.start, tell.start + len(tell.value)))
            tally.add(_named(tell, value, page.place(tell.start)), page)


def _is_secret(value: str, tell: Tell) -> bool:
    """Tell whether a value can be one: what a program was given more readily than what only looks like an assignment."""
    if len(value) < 4 or is_harmless(value) or is_placeholder(value) or is_stand_in(value) or is_sample(value):
        return False
    if (
        value.startswith(("$", "%", "-", "@", "<", "{{"))
        or "$" in value[:2]
        or "${" in value
        or "..." in value
        or value.lower() in _WEAK
    ):
        return False
    if _STAND_IN.search(value) or (
        ";" in value and "=" in value
    ):  # the parts of a connection string are told one by one
        return False
    if tell.name in {"SQL", "login in an address", "accountkey", "sharedaccesskey"}:
        return True
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    if tell.sure:
        return not _CODE.search(value) or (
            letters and digits and not value.startswith(("(", "[", "{", "<", "/", "./", "~"))
        )
    shaken = not digits and tell.name.upper() == tell.name and len(value) >= 12 and bool(_SHAKEN.search(value))
    return (
        len(value) >= 8 and letters and (digits or shaken) and not _CODE.search(value) and not _NO_SECRET.search(value)
    )


def _named(tell: Tell, value: str, at: Location) -> Finding:
    kind, issuer = _owners.of_name(tell.name)
    if tell.name == "accountkey":
        return sighting(
            "azure.storage-key",
            at,
            identifier=tell.host,
            issuer=tell.host,
            secret=value,
            attributes={"account": tell.host},
        )
    if tell.name == "sharedaccesskey":
        return sighting("azure.shared-access-key", at, issuer=tell.host, secret=value, attributes={"host": tell.host})
    if tell.scheme:
        kind = _urls.kind_at(f"{tell.scheme}://")[0]
    elif tell.name in _DATABASES:
        kind = "database.password"
    more = {"name": tell.name, "user": tell.user, "host": tell.host, "scheme": tell.scheme}
    if _forms.identify(value):
        return _forms.finding(value, at, more, host=tell.host)
    if tell.scheme in {"http", "https"} and (
        tell.host.startswith(("git", "bitbucket", "dev.azure")) or _github.is_github(tell.host)
    ):
        return sighting("git.password", at, issuer=tell.host, subject=tell.user, secret=value, attributes=more)
    if tell.name.endswith(" login") and tell.name != "vault login":
        host = host_of(tell.host or "docker.io")
        return sighting(
            "docker.login", at, issuer=host, subject=tell.user, secret=value, attributes={**more, "registry": host}
        )
    if is_vault_name(tell.name) or tell.name == "vault login":
        return sighting("vault.token", at, secret=value, attributes={**more, "form": form_of(value, named=True)})
    if tell.name == "_authtoken":
        return _forms.finding(value, at, more, other="npm.token", host=tell.host.strip("/"))
    found = _forms.finding(value, at, more, other=kind, host=issuer or tell.host)
    return replace(found, subject=sighting(kind, at, subject=tell.user).subject) if tell.user else found
