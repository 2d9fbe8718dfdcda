"""Tokens that tell by their own form whose they are, and the public part by which their provider names them.

A prefix and a length are what providers document for secret scanning; nothing here says that a token is valid. Forms that only
mean something beside a name (a UUID, 40 hex digits) are left to the store that knows the name.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder
from rescind.stores._jwt import expiry, facts
from rescind.stores._pypi import macaroon
from rescind.stores._sighting import sighting

_B = r"[A-Za-z0-9_\-]"
_HEX = r"[0-9a-f]"
_ROWS = (  # kind, issuer, form; a group `id` is the provider's public name of the token, `form` says which sort it is
    ("anthropic.api-key", "anthropic.com", rf"sk-ant-(?P<form>api|admin)\d\d-{_B}{{40,200}}"),
    ("anthropic.oauth-token", "anthropic.com", rf"sk-ant-(?P<form>oat|ort|sid)\d\d-{_B}{{40,200}}"),
    ("openai.api-key", "openai.com", rf"sk-(?:(?P<form>proj|svcacct|admin)-)?{_B}{{20,100}}T3BlbkFJ{_B}{{20,100}}"),
    ("gitlab.runner-token", "", r"gl(?P<form>rtr?)-[\w.\-]{20,300}|GR1348941[\w\-]{20}"),
    ("gitlab.token", "", r"gl(?P<form>pat|dt|ft|soat|agent|cbt|ptt|imt|oas|ffct|wt)-[\w.\-]{20,300}"),
    ("npm.token", "registry.npmjs.org", r"npm_[A-Za-z0-9]{36}"),
    ("pypi.token", "", rf"pypi-AgE{_B}{{70,1000}}"),
    ("slack.token", "slack.com", r"xox(?P<form>[bp])-[0-9]{8,14}-(?P<id>[0-9]{8,14})-[A-Za-z0-9\-]{18,60}"),
    ("slack.token", "slack.com", rf"xox(?P<form>[aorscd])-[A-Za-z0-9%/+_\-]{{20,300}}|xoxe(?:\.xox[bp])?-{_B}{{40,250}}"),
    ("slack.token", "slack.com", rf"xapp-\d-(?P<id>A[A-Z0-9]{{8,12}})-[0-9]{{10,14}}-{_HEX}{{64}}"),
    ("slack.webhook", "slack.com", r"https://hooks\.slack\.com/services/(?P<id>T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12})/\w{20,28}"),
    ("stripe.api-key", "stripe.com", r"(?P<form>[sr]k_(?:live|test))_[A-Za-z0-9]{20,247}"),
    ("huggingface.token", "huggingface.co", r"(?:hf_|api_org_)[A-Za-z]{34}"),
    ("google.api-key", "googleapis.com", rf"AIza{_B}{{35}}"),
    ("google.client-secret", "https://accounts.google.com", rf"GOCSPX-{_B}{{28}}"),
    ("oauth.refresh-token", "https://accounts.google.com", rf"1//0{_B}{{40,200}}"),
    ("oauth.access-token", "https://accounts.google.com", r"ya29\.[\w.\-]{40,2048}"),
    ("entra.client-secret", "", r"(?P<hint>[A-Za-z0-9_~.\-]{3})[0-9]Q~[A-Za-z0-9_~.\-]{31,34}"),
    ("azure-devops.token", "dev.azure.com", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    ("vault.token", "", rf"hv(?P<form>[sbr])\.{_B}{{24,300}}"),
    ("terraform.token", "", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=\-]{60,70}"),
    ("databricks.token", "", rf"dapi{_HEX}{{32}}(?:-\d)?"),
    ("digitalocean.token", "digitalocean.com", rf"do(?P<form>[opr])_v1_{_HEX}{{64}}"),
    ("sendgrid.api-key", "sendgrid.com", rf"SG\.(?P<id>{_B}{{22}})\.{_B}{{43}}"),
    ("shopify.token", "", r"shp(?P<form>at|ca|pa|ss|tka)_[a-fA-F0-9]{32}"),
    ("atlassian.token", "atlassian.com", r"ATATT3[A-Za-z0-9_=\-]{180,220}|ATCTT3xFfG[\w=+/\-]{100,240}|ATBB\w{28,48}"),
    ("doppler.token", "doppler.com", r"dp\.(?P<form>pt|ct|sa|scim|audit|st)(?:\.[a-z0-9_\-]{2,35})?\.[A-Za-z0-9]{40,44}"),
    ("postman.api-key", "postman.com", rf"PMAK-(?P<id>{_HEX}{{24}})-{_HEX}{{34}}"),
    ("linear.token", "linear.app", r"lin_(?P<form>api|oauth)_[A-Za-z0-9]{40,64}"),
    ("notion.token", "notion.so", r"ntn_(?P<id>[0-9]{11})[A-Za-z0-9]{35}"),
    ("figma.token", "figma.com", rf"fig(?P<form>d|o|or|ur|u)_{_B}{{38,44}}"),
    ("discord.token", "discord.com", rf"(?P<bot>[MNO]{_B}{{23,27}})\.{_B}{{6}}\.{_B}{{27,38}}"),
    ("discord.webhook", "discord.com", rf"https://discord(?:app)?\.com/api/webhooks/(?P<id>[0-9]{{17,20}})/{_B}{{60,72}}"),
    ("telegram.token", "telegram.org", rf"(?P<id>[0-9]{{8,10}}):A{_B}{{34}}"),
    ("docker.token", "docker.io", rf"dckr_(?P<form>pat|oat)_{_B}{{27,32}}"),
    ("rubygems.api-key", "rubygems.org", rf"rubygems_{_HEX}{{48}}"),
    ("heroku.token", "heroku.com", rf"HRKU-{_B}{{36,60}}"),
    ("fly.token", "fly.io", r"(?:FlyV1 )?fm[12]r?_[A-Za-z0-9+/=_\-]{100,1200}"),
    ("supabase.token", "supabase.com", rf"sbp_(?:oauth_)?{_HEX}{{40}}|sb_secret_{_B}{{31}}"),
    ("planetscale.token", "planetscale.com", r"pscale_(?P<form>tkn|pw|oauth)_[\w=.\-]{32,64}"),
    ("pulumi.token", "pulumi.com", rf"pul-{_HEX}{{40}}"),
    ("netlify.token", "netlify.com", r"nf[pcou]_[A-Za-z0-9]{36,40}"),
    ("vercel.token", "vercel.com", rf"vc[pairk]_{_B}{{56}}"),
    ("circleci.token", "circleci.com", rf"CCI(?P<form>PAT|PRJ)_(?P<id>[A-Za-z0-9]{{22}})_{_HEX}{{40}}"),
    ("buildkite.token", "buildkite.com", r"bk(?P<form>ua|ps|ct|pr)_[a-z0-9]{40,60}"),
    ("grafana.token", "", rf"glsa_[A-Za-z0-9]{{32}}_{_HEX}{{8}}|glc_(?P<json>[A-Za-z0-9+/=]{{40,400}})"),
    ("sentry.token", "sentry.io", rf"sntryu_{_HEX}{{64}}|sntrys_(?P<json>eyJ[A-Za-z0-9+/=]{{40,400}})_[A-Za-z0-9+/=_]{{20,80}}"),
    ("newrelic.api-key", "newrelic.com", rf"NR(?P<form>AK|II|AL|JS)-{_B}{{24,42}}"),
    ("tailscale.key", "tailscale.com", r"tskey-(?P<form>auth|api|client|scim|webhook)-(?P<id>\w{10,20})(?:-\w{20,40})?"),
    ("cloudflare.token", "cloudflare.com", rf"v1\.0-{_HEX}{{24}}-{_HEX}{{146}}|cf(?P<form>ut|at|k)_{_B}{{40,48}}"),
    ("groq.api-key", "groq.com", r"gsk_[A-Za-z0-9]{52}"),
    ("xai.api-key", "x.ai", rf"xai-{_B}{{70,120}}"),
    ("perplexity.api-key", "perplexity.ai", r"pplx-[A-Za-z0-9]{48}"),
    ("replicate.token", "replicate.com", rf"r8_{_B}{{37}}"),
    ("openrouter.api-key", "openrouter.ai", rf"sk-or-v1-{_HEX}{{64}}"),
    ("langsmith.api-key", "langchain.com", rf"lsv2_(?P<form>pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    ("onepassword.token", "1password.com", r"ops_(?P<json>eyJ[A-Za-z0-9+/_\-]{100,4000}={0,3})"),
    ("sourcegraph.token", "", r"sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}"),
    ("dynatrace.token", "", r"(?P<id>dt0[cs]0\d\.[A-Z0-9]{24})\.[A-Z0-9]{64}"),
    ("openshift.token", "", rf"sha256~{_B}{{43}}"),
    ("databricks.client-secret", "", rf"dose{_HEX}{{32}}"),
    ("docker.swarm-token", "", r"SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}"),
    ("stripe.webhook-secret", "stripe.com", r"whsec_[A-Za-z0-9+/=]{32,64}"),
    ("square.token", "squareup.com", rf"EAAA{_B}{{60}}|sq0(?P<form>atp|csp)-{_B}{{22,43}}"),
    ("plaid.token", "plaid.com", rf"access-(?P<form>sandbox|production)-{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}"),
    ("jfrog.token", "", r"AKCp[A-Za-z0-9]{68,70}|cmVmd[A-Za-z0-9+/]{59}"),
    ("mailchimp.api-key", "mailchimp.com", rf"{_HEX}{{32}}-us\d{{1,2}}"),
    ("tavily.api-key", "tavily.com", r"tvly-[A-Za-z0-9\-]{30,60}"),
    ("azure.storage-key", "", r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{6}=="),
    ("azure.service-key", "", r"[A-Za-z0-9+/]{33,76}(?:AzFu|AzSe|AzCa|ACDb|\+ACR|AIoT|\+ARm|\+ABa|APIM|AzEh|JQQJ99)[A-Za-z0-9+/]{4,44}={0,2}"),
)  # fmt: skip
_FORMS = tuple((kind, issuer, re.compile(shape)) for kind, issuer, shape in _ROWS)
KINDS = tuple(dict.fromkeys(("github.token", *(kind for kind, _, _ in _ROWS))))
"""Every kind that `identify` can tell."""
_SAID = {"o": "organization", "org": "organization", "n": "name", "region": "region", "email": "email", "deviceUuid": "device"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """What a token says of itself: its kind, its provider's host, its public id ("" for none), and other facts."""

    kind: str
    issuer: str
    identifier: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def identify(value: str) -> Form | None:
    """Return whose token a value is by its form, None for a value that does not tell."""
    if not 20 <= len(value) <= 5000:
        return None
    if form := _github.form_of(value):
        return Form("github.token", "", "", {"form": form})
    for kind, issuer, shape in _FORMS:
        if found := shape.fullmatch(value):
            groups = {k: v for k, v in found.groupdict().items() if v}
            own = {name: said for name, said in groups.items() if name in {"form", "hint"}}
            if kind == "pypi.token":
                said = macaroon(value)
                return Form(kind, said.pop("index", ""), said.pop("id", ""), said)
            own |= _inside(groups.get("json", ""))
            if kind == "npm.token":
                own["checksum"] = _github.checksum(value)
            return Form(kind, issuer, groups.get("id", "") or _number(groups.get("bot", "")), own)
    return None


def finding(
    value: str, at: Location, more: Mapping[str, str], *, other: str = "file.secret", host: str = ""
) -> Finding:
    """Return the finding for a secret value: of the kind that its form tells, else of kind `other`; a stand-in is a placeholder.

    A JWT gives its claims and its end. `host` is the issuer where the form does not tell one.
    """
    if is_placeholder(value):
        return sighting(other, at, issuer=host, attributes=more, state=State.PLACEHOLDER)
    form = identify(value)
    if form is not None and form.kind == "github.token":
        own = host if _github.is_github(host) else ""
        return _github.finding(value, at, host=own, login="", attributes=more)
    known = form or Form(other, "", facts(value).get("jti", ""), facts(value))
    return sighting(
        known.kind,
        at,
        identifier=known.identifier,
        issuer=known.issuer or host,
        secret=value,
        attributes={**known.attributes, **more},
        expires_at=expiry(value),
    )


def _inside(encoded: str) -> dict[str, str]:
    """Return what the JSON inside of a token says of its owner."""
    try:
        document = json.loads(base64.urlsafe_b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    known = document if isinstance(document, dict) else {}
    return {name: known[key] for key, name in _SAID.items() if isinstance(known.get(key), str)}


def _number(encoded: str) -> str:
    """Return the user id that the first part of a bot's token is."""
    try:
        plain = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return plain if plain.isdigit() else ""
