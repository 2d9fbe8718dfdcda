"""What the names of keychain items say of their content: which tool put it there, and for whom. Names only, so it is a hint.

Each name was read in the tool's own source or documentation, or is the one that its vendor's programs show; the first match counts.
"""

from __future__ import annotations

import re

_HOLDS: tuple[tuple[str, str], ...] = (
    (r"gh:", "GitHub CLI login"),
    (r"(?:LegacyGeneric:target=)?git:https?://", "Git host login (Git Credential Manager)"),
    (r"github\.com$|gitlab\.com$|bitbucket\.org$|dev\.azure\.com$", "Git host login"),
    (r"Microsoft Azure CLI", "Entra tokens (Azure CLI)"),
    (r"Microsoft\.Developer\.IdentityService|MSALCache|adalcache", "Entra tokens (developer cache)"),
    (r"Microsoft Office|ExchangeWebService|hostedaccount|com\.microsoft\.", "Microsoft 365 tokens"),
    (r"Claude Code-credentials", "Anthropic login (Claude Code)"),
    (r"Claude Code", "Anthropic API key (Claude Code)"),
    (r"Codex Auth", "OpenAI login (Codex)"),
    (r"Codex MCP Credentials", "MCP server logins (Codex)"),
    (r"gemini-cli-(?:oauth|mcp|a2a)", "Google login (Gemini CLI)"),
    (r"gemini-cli-api-key", "Gemini API key (Gemini CLI)"),
    (r"com\.vercel\.vercel-cli", "Vercel login"),
    (r"Anaconda Cloud", "Anaconda API key"),
    (r"infisical", "Infisical login"),
    (r"goose", "keys of language-model providers (goose)"),
    (r"databricks-cli", "Databricks tokens"),
    (r"com\.snowflake\.connector\.python|SnowflakeTokenCache", "Snowflake tokens"),
    (r"Supabase CLI", "Supabase access token"),
    (r"kubelogin", "Kubernetes login (kubelogin)"),
    (r"Stripe ?CLI", "Stripe live key"),
    (r"aws-vault|granted-", "AWS keys or sessions"),
    (r"saml2aws", "identity provider password (saml2aws)"),
    (r"Docker Credentials|https://index\.docker\.io|[^/]*\.azurecr\.io|ghcr\.io", "container registry login"),
    (r".+ (?:Safe Storage|Keys?)$", "the key of an application's own store"),
    (r"com\.apple\.account|Apple ID|iCloud|MobileMe", "Apple account"),
    (r"AirPort", "Wi-Fi password"),
    (r"terraform-credentials-", "Terraform registry token"),
    (r"TERMSRV/", "remote desktop password"),
    (r"1Password|Bitwarden", "password manager"),
    (r"rescind", "the operator's own (rescind)"),
)
_ROWS = tuple((re.compile(pattern, re.IGNORECASE), what) for pattern, what in _HOLDS)


def held_by(service: str, username: str, label: str) -> str:
    """Return what an item most likely holds, "" where its names are not known."""
    for row, what in _ROWS:
        if any(row.match(text) for text in (service, label) if text) or (service == "" and row.match(username)):
            return what
    return ""
