"""Cookies that are sessions at identity providers, clouds and the services of work: told by host and name, never by value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rescind.models.evidence import Finding, Location
from rescind.stores._epoch import epoch
from rescind.stores._sighting import sighting

_ROWS = (  # host suffix, provider, cookies; "*" in front of a suffix: each host below it is an organisation of its own
    ("login.microsoftonline.com", "entra", r"ESTSAUTH(?:PERSISTENT|LIGHT)?|SignInStateCookie"),
    ("login.live.com", "microsoft-account", r"__Host-MSAAUTHP?|MSPAuth|MSPProf"),
    ("google.com", "google", r"__(?:Secure|Host)-[13]P(?:SID|APISID)|[HSL]?SID|SAPISID|APISID|OSID|__Host-GAPS"),
    ("*okta.com", "okta", r"sid|idx|DT|JSESSIONID|xids"),
    ("*okta-emea.com", "okta", r"sid|idx|DT|JSESSIONID|xids"),
    ("*oktapreview.com", "okta", r"sid|idx|DT|JSESSIONID|xids"),
    ("github.com", "github", r"user_session|__Host-user_session_same_site|dotcom_user|logged_in"),
    ("*ghe.com", "github", r"user_session|__Host-user_session_same_site|dotcom_user"),
    ("signin.aws.amazon.com", "aws", r"aws-creds|aws-userInfo(?:-signed)?|aws-account-data"),
    ("console.aws.amazon.com", "aws", r"aws-creds(?:-code-verifier)?|aws-userInfo(?:-signed)?|seance"),
    ("amazon.com", "aws", r"aws-userInfo(?:-signed)?|aws-creds"),
    ("*awsapps.com", "aws-identity-center", r"x-amz-sso_authn|x-amz-sso-csrf-token"),
    ("slack.com", "slack", r"d|d-s"),
    ("atlassian.com", "atlassian", r"(?:cloud|tenant)\.session\.token"),
    ("*atlassian.net", "atlassian", r"(?:cloud|tenant)\.session\.token"),
    ("bitbucket.org", "atlassian", r"bb_session|cloud\.session\.token"),
    ("*cloudflareaccess.com", "cloudflare-access", r"CF_(?:Authorization|AppSession|Session)"),
    ("cloudflare.com", "cloudflare", r"vses2|__cf_logged_in"),
    ("claude.ai", "anthropic", r"sessionKey"),
    ("console.anthropic.com", "anthropic", r"sessionKey"),
    ("platform.claude.com", "anthropic", r"sessionKey"),
    ("chatgpt.com", "openai", r"__Secure-next-auth\.session-token(?:\.\d)?"),
    ("openai.com", "openai", r"__Secure-next-auth\.session-token(?:\.\d)?|auth0|__session"),
    ("cursor.com", "cursor", r"WorkosCursorSessionToken"),
    ("huggingface.co", "huggingface", r"token"),
    ("datadoghq.com", "datadog", r"dogweb"),
    ("datadoghq.eu", "datadog", r"dogweb"),
    ("*salesforce.com", "salesforce", r"sid"),
    ("*force.com", "salesforce", r"sid"),
    ("notion.so", "notion", r"token_v2"),
    ("figma.com", "figma", r"__Host-figma\.authn"),
    ("linear.app", "linear", r"session|loggedIn"),
    ("vercel.com", "vercel", r"authorization"),
    ("netlify.com", "netlify", r"_nf-auth"),
    ("dropbox.com", "dropbox", r"t|jar"),
    ("zoom.us", "zoom", r"_zm_ssid"),
    ("app.terraform.io", "terraform", r"_atlas_session_data"),
    ("*1password.com", "onepassword", r"\w*session\w*"),
    ("*duosecurity.com", "duo", r"sid\|.*|hac\|.*|trc\|.*|dps"),
    ("*onelogin.com", "onelogin", r"sub_session_onelogin\.com|_onelogin.*"),
    ("*auth0.com", "auth0", r"auth0(?:-mf|_compat)?"),
    ("npmjs.com", "npm", r"cs"),
    ("pypi.org", "pypi", r"session_id"),
    ("docker.com", "docker", r"__session|dckr_\w+"),
    ("digitalocean.com", "digitalocean", r"_digitalocean2_session_v4|_digitalocean\w*"),
    ("stripe.com", "stripe", r"__Host-session|user"),
    ("pagerduty.com", "pagerduty", r"_pagerduty_session|remember_token"),
    ("gitlab.com", "gitlab", r"_gitlab_session|remember_user_token"),
)  # fmt: skip
_TABLE = {suffix.lstrip("*"): (suffix[0] == "*", who, re.compile(names)) for suffix, who, names in _ROWS}
_ANYWHERE = (  # services that organisations run under names of their own
    ("gitlab", re.compile(r"_gitlab_session|remember_user_token")),
    ("cloudflare-access", re.compile(r"CF_Authorization|CF_AppSession")),
    ("entra", re.compile(r"AppServiceAuthSession|MSISAuth1?")),
    ("grafana", re.compile(r"grafana_session")),
    ("jenkins", re.compile(r"JSESSIONID\.[0-9a-f]{8}")),
    ("argocd", re.compile(r"argocd\.token")),
    ("keycloak", re.compile(r"KEYCLOAK_(?:SESSION|IDENTITY)(?:_LEGACY)?")),
    ("teleport", re.compile(r"__Host-session|grv_app_session")),
    ("vault", re.compile(r"vault-token")),
)
_DOOR = re.compile(r"(?:sso|login|auth|idp|id|accounts?|signin|adfs|portal)\..+")
_SIGN_IN = re.compile(r"(?i).*(?:sess|auth|sso|sid|token|remember).*")
_MANY = 5000
_WEBKIT = 11_644_473_600  # seconds from 1601 to 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie without its value: times are RFC 3339 UTC or None; `sealed` names how the value is encrypted ("" for not at all)."""

    host: str
    name: str
    expires_at: str | None = None
    used_at: str | None = None
    http_only: bool = False
    sealed: str = ""


def webkit(value: str) -> str | None:
    """Return RFC 3339 UTC for microseconds since 1601, None for none."""
    return epoch(str(int(value) // 1_000_000 - _WEBKIT)) if value.isdecimal() and len(value) < 20 else None


def micro(value: str) -> str | None:
    """Return RFC 3339 UTC for microseconds since 1970, None for none."""
    return epoch(str(int(value) // 1_000_000)) if value.isdecimal() and len(value) < 20 else None


def provider_at(host: str) -> tuple[str, str] | None:
    """Return the host by which a provider's session is counted, and the provider; None for other hosts."""
    labels = host.split(".")
    for n in range(len(labels)):
        if found := _TABLE.get(".".join(labels[n:])):
            return (host if found[0] else ".".join(labels[n:])), found[1]
    return None


def findings(cookies: Iterable[Cookie], at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    """Yield one `browser.session` for each provider's host in this profile; a sign-in page that is not known is a candidate."""
    groups: dict[tuple[str, str], list[Cookie]] = {}
    doors: dict[tuple[str, str], list[Cookie]] = {}
    for cookie in cookies:
        host = cookie.host.lower().lstrip(".")
        if known := _known(host, cookie.name):
            groups.setdefault(known, []).append(cookie)
        elif _DOOR.fullmatch(host) and cookie.http_only and cookie.expires_at and _SIGN_IN.fullmatch(cookie.name):
            doors.setdefault((host, "unknown"), []).append(cookie)
    for (host, who), found in [*groups.items()][:_MANY]:
        yield _one(host, who, found, at, more)
    for (host, who), found in [*doors.items()][:_MANY]:
        if not any(h == host or host.endswith(f".{h}") for h, _ in groups):
            yield replace(_one(host, who, found, at, more), candidate=True)


def _known(host: str, name: str) -> tuple[str, str] | None:
    labels = host.split(".")[:30]
    for n in range(len(labels)):
        suffix = ".".join(labels[n:])
        if (found := _TABLE.get(suffix)) and found[2].fullmatch(name):
            return (host if found[0] else suffix), found[1]
    return next(((host, who) for who, names in _ANYWHERE if names.fullmatch(name)), None)


def _one(host: str, who: str, cookies: list[Cookie], at: Location, more: Mapping[str, str]) -> Finding:
    ends = [c.expires_at for c in cookies]
    own = {"provider": who, "host": host, "cookies": " ".join(sorted({c.name for c in cookies})[:20])}
    own |= {"last_used": max((c.used_at or "" for c in cookies), default="")}
    own |= {"encryption": " ".join(sorted({c.sealed for c in cookies if c.sealed}))}
    until = None if None in ends else max(e or "" for e in ends)
    return sighting(
        "browser.session", at, pointer=f"{who}@{host}", issuer=host, attributes={**own, **more}, expires_at=until
    )
