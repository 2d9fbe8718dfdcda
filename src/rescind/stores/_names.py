"""What names tell: variables that hold secrets, files that are samples, and the user information of a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|PWD|CREDENTIAL|CONN(?:ECTION)?_?STR|WEBHOOK_URL|PRIVATE_?KEY|AUTH_?KEY|API_?KEY|ACCESS_?KEY"
    r"|(?:^|_)(?:KEY|PASS|PAT|SAS|AUTH|COOKIE|SESSION)(?:_\d+|_BASE)?$|(?:^|_)(?:SA|ENCRYPTION|SIGNING|MASTER|LICEN[CS]E)_KEY"
)
_NOT = re.compile(
    r"PUBLIC_?KEY|PUBLISHABLE|(?:^|_)(?:ID|FILE|PATH|DIR|URL|URI|ENDPOINT|HOST|PORT|NAME|USER(?:NAME)?|TYPE|ALG(?:ORITHM)?|TTL|LIFETIME|EXPIR\w*"
    r"|LENGTH|LEN|SIZE|LIMIT|ENABLED?|REQUIRED|ISSUER|AUDIENCE|REGION|ARN|HEADER|PREFIX|STORE|PROVIDER|COUNT|MIN|MAX|COLOU?RS?|FORMAT|MODE|POLICY|TIMEOUT|AGE|SECONDS|DAYS"
    r"|MODEL|CLASS|ENGINE|BACKEND|VALIDATORS?|HASHERS?|LABEL|PLACEHOLDER|HINT|HELP|TITLE|MESSAGE|REF|SELECTOR|RULES?|STRATEGY|SCHEME|LOCATION|SOURCE|VERSION)$"
    r"|(?:^|_)EXISTING_|SEARCH_(?:ONLY_)?(?:API_)?KEY$|(?:^|_)ANON_KEY$"
)
_SHIPPED = re.compile(r"(?i)(?:(?:NEXT|NUXT|EXPO|SNOWPACK)_)?PUBLIC_|(?:REACT|VUE)_APP_|VITE_|GATSBY_")
_STILL = re.compile(r"SECRET|PASSW|PRIVATE|CREDENTIAL")
_SAMPLE = re.compile(r"(?:^|[._-])(?:examples?|samples?|templates?|tmpl|tpl|dist|defaults?|test)(?:[._-]|$)")
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]{1,30}://([^\s/?#@:]{0,200}):([^\s/]{1,1000}?)@([^\s/?#@]{1,255})(?:[/?#]\S*)?"
)


@dataclass(frozen=True, slots=True)
class UserInfo:
    """User, password (percent-decoded) and host of a URL; the password is secret."""

    user: str
    password: str
    host: str

    def __repr__(self) -> str:
        return "UserInfo(…)"


def is_secret_name(name: str) -> bool:
    """Tell whether a variable's name says that its value is secret (and not a path, an id or a length of one)."""
    upper = name.upper()
    if is_shipped_name(name) and not _STILL.search(upper):
        return False
    return bool(_SECRET.search(upper)) and ("WEBHOOK_URL" in upper or not _NOT.search(upper))


def is_shipped_name(name: str) -> bool:
    """Tell whether a build writes a variable of that name into the page that everybody is sent.

    https://nextjs.org/docs/app/guides/environment-variables#bundling-environment-variables-for-the-browser
    """
    return bool(_SHIPPED.match(name))


def is_sample_file(path: str) -> bool:
    """Tell whether a file's name says that it shows how another file is to be written."""
    return bool(_SAMPLE.search(path.rsplit("/", 1)[-1].lower()))


def userinfo(value: str) -> UserInfo | None:
    """Return the user information of `scheme://user:password@host…`, None where a value is no such URL."""
    found = _URL.fullmatch(value.strip()) if len(value) < 4096 else None
    return UserInfo(unquote(found[1]), unquote(found[2]), found[3]) if found else None
