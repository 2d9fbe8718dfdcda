"""Names that tools give to what they put into a system's keychain, and what lies behind them.

The names are public; keyrings that hash them (MD5) are told by hashing these. Host, user and age are all that is known of such an item.
"""

from __future__ import annotations

import hashlib
import re

_ROWS = (  # name of the service, kind, issuer
    (r"gh:(?P<host>[\w.\-]{1,200})", "github.token", ""),
    (r"(?:git:)?https://(?:\w+@)?(?P<host>github\.com)/?", "github.token", ""),
    (r"git:https?://(?P<host>[\w.\-:]{1,200})/?", "git.password", ""),
    (r"copilot-cli|GitHub Copilot.*", "github.token", "github.com"),
    (r"glab:(?P<host>[\w.\-]{1,200})", "gitlab.token", ""),
    (r"Microsoft Azure CLI|Microsoft\.Developer\.IdentityService|com\.microsoft\.adalcache|MSALCache|azd", "entra.refresh-token", "login.microsoftonline.com"),
    (r"Claude Code-credentials.{0,40}", "anthropic.oauth-token", "anthropic.com"),
    (r"Claude Code", "anthropic.api-key", "anthropic.com"),
    (r"Codex Auth", "openai.oauth-token", "openai.com"),
    (r"gemini-cli-oauth", "oauth.refresh-token", "https://accounts.google.com"),
    (r"Codex MCP Credentials|gemini-cli-mcp.{0,60}", "mcp.oauth-token", ""),
    (r"databricks-cli", "databricks.token", ""),
    (r"com\.snowflake\.connector\.python", "snowflake.token", ""),
    (r"Supabase CLI", "supabase.token", "supabase.com"),
    (r"StripeCLI", "stripe.api-key", "stripe.com"),
    (r"kubelogin.{0,100}", "kube.token", ""),
    (r"aws-vault.{0,60}|granted-aws-iam-credentials", "aws.access-key", ""),
    (r"granted-aws-sso-tokens", "aws.sso-session", ""),
    (r"saml2aws.{0,40}", "saml2aws.password", ""),
    (r"https://index\.docker\.io/v1/?(?:access-token|refresh-token)?", "docker.login", "docker.io"),
    (r"terraform-credentials-(?P<host>[\w.\-]{1,200})", "terraform.token", ""),
    (r"com\.heroku\.cli", "heroku.token", "heroku.com"),
    (r"(?P<app>[\w .\-]{1,60}) Safe Storage|(?P<browser>chrome|chromium|brave|microsoft-edge|vivaldi|code|slack|cursor)", "keyring.app-key", ""),
)  # fmt: skip
_TABLE = tuple((re.compile(name), kind, issuer) for name, kind, issuer in _ROWS)
KINDS = (*dict.fromkeys(kind for _, kind, _ in _ROWS), "keyring.item")
"""Every kind that an item may come to; `keyring.item` for what no name tells, `keyring.app-key` for a program's own key."""

_WORDS = """gh:github.com|Microsoft Azure CLI|Microsoft.Developer.IdentityService|MSALCache|Claude Code-credentials|Claude Code|Codex Auth|
Codex MCP Credentials|gemini-cli-oauth|databricks-cli|com.snowflake.connector.python|Supabase CLI|StripeCLI|kubelogin|aws-vault|awsvault|
granted-aws-sso-tokens|granted-aws-iam-credentials|saml2aws|copilot-cli|glab:gitlab.com|git:https://github.com|https://github.com|
https://gitlab.com|https://index.docker.io/v1/|https://bitbucket.org|https://dev.azure.com|goose|chrome|chromium|brave|microsoft-edge|
Chrome Safe Storage|Chromium Safe Storage|Chrome Keys|Chromium Keys|Brave Keys|Microsoft Edge Keys|Code Safe Storage|Slack Safe Storage|
Cursor Safe Storage|Claude Safe Storage|code|slack|cursor|Passwords|Form Data|Network Management|kdewallet|Maps|ssh-agent|ksshaskpass|
chrome_libsecret_os_crypt_password_v2|chrome_libsecret_os_crypt_password_v1|org.freedesktop.Secret.Generic|org.gnome.keyring.Note|
org.gnome.keyring.NetworkPassword|org.gnome.OnlineAccounts|org.gnome.keyring.NetworkManager.Connection|org.git.Password|
org.freedesktop.NetworkManager.Connection|com.microsoft.azure.cli|https|http|ssh|smb|github.com|gitlab.com|bitbucket.org|true|false|yes|no"""
_HASHED = {hashlib.md5(w.strip().encode(), usedforsecurity=False).hexdigest(): w.strip() for w in _WORDS.split("|")}


def kind_of(service: str) -> tuple[str, str]:
    """Return the kind and the issuer of an item by its service's name."""
    for shape, kind, issuer in _TABLE:
        if found := shape.fullmatch(service):
            return kind, issuer or found.groupdict().get("host") or found.groupdict().get("app", "") or ""
    return "keyring.item", ""


def unhashed(digest: str) -> str:
    """Return the known name whose MD5 a digest is, "" for an unknown one."""
    return _HASHED.get(digest.lower(), "")
