"""First tier: assistants, their transcripts and servers, and editors' secret storage."""

from __future__ import annotations

import base64
import json

from tests.planted import tokens as t
from tests.planted.layout import Home


def claude(h: Home) -> None:
    access, refresh = t.anthropic("oat01"), t.anthropic("ort01")
    mcp, mcp_refresh, mcp_secret = t.pick(64), t.pick(64), t.pick(40)
    if not h.macos:
        h.put(".claude/.credentials.json", {
            "claudeAiOauth": {"accessToken": access, "refreshToken": refresh, "expiresAt": t.epoch(t.later(hours=8)) * 1000, "scopes": ["user:inference", "user:profile"], "subscriptionType": "max", "rateLimitTier": "default"},
            "mcpOAuth": {f"linear|{t.hexs(16)}": {"serverName": "linear-corp", "serverUrl": "https://mcp.linear.example/sse", "clientId": "lin-client-77", "clientSecret": mcp_secret, "accessToken": mcp, "refreshToken": mcp_refresh, "expiresAt": t.epoch(t.AHEAD) * 1000, "scope": ""}},
            "organizationUuid": t.uuid(),
        })  # fmt: skip
        h.row("T1-21.oauth", ".credentials.json", "claudeAiOauth", secret=(access, refresh))
        h.row("T1-21.mcp-oauth", "mcp.linear.example", "lin-client-77", secret=(mcp, mcp_refresh, mcp_secret))
    primary, github, header, project = t.anthropic(), t.github(), t.pick(40), t.pick(44)
    account, org = t.uuid(), t.uuid()
    document = {
        "numStartups": 7, "primaryApiKey": primary, "customApiKeyResponses": {"approved": [primary[-20:]], "rejected": []},
        "oauthAccount": {"accountUuid": account, "emailAddress": "ada.claude@corp.example", "organizationUuid": org, "organizationRole": "admin", "organizationName": "Corp"},
        "mcpServers": {"gh-server": {"type": "stdio", "command": "npx", "args": ["-y", "@modelcontextprotocol/server-github"], "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": github}},
                       "remote-server": {"type": "http", "url": "https://mcp.remote.example/mcp", "headers": {"Authorization": f"Bearer {header}"}}},
        "projects": {"/home/ada/src/app": {"mcpServers": {"proj-server": {"command": "uvx", "args": ["thing", "--api-key", project]}}}},
    }  # fmt: skip
    h.put(".claude.json", document)
    h.row("T1-21.api-key", ".claude.json", "primaryApiKey", secret=primary)
    h.row("T1-24.claude-env", "gh-server", secret=github)
    h.row("T1-24.claude-header", ("remote-server", "mcp.remote.example"), secret=header)
    h.row("T1-24.claude-arg", "proj-server", secret=project)
    backup = t.github()
    document["mcpServers"] = {"was-server": {"command": "npx", "args": ["x"], "env": {"GITHUB_TOKEN": backup}}}
    h.put(f".claude/backups/.claude.json.backup.{t.epoch(t.NOW)}000", document)
    h.row("T1-21.backup", "was-server", secret=backup)
    word, token = t.anthropic(), t.pick(40)
    h.put(
        ".claude/settings.json",
        {"env": {"ANTHROPIC_API_KEY": word, "CORP_GATEWAY_TOKEN": token}, "apiKeyHelper": "op read op://x/y"},
    )
    h.row("T1-21.settings", "settings.json", "ANTHROPIC_API_KEY", secret=word)
    h.row("T1-21.settings-other", "settings.json", "CORP_GATEWAY_TOKEN", secret=token)
    word = t.openai()
    h.put("src/app/.claude/settings.local.json", {"env": {"OPENAI_API_KEY": word}})
    h.row("T1-21.project-settings", "settings.local.json", "OPENAI_API_KEY", secret=word)
    key, secret = t.aws_key()
    h.put(
        f".claude/projects/-home-ada-src-app/{t.uuid()}.jsonl",
        json.dumps(
            {
                "type": "user",
                "message": {
                    "role": "user",
                    "content": f"use export AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}",
                },
            }
        )
        + "\n"
        + json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "ok"}]}})
        + "\n",
    )
    h.row("T1-21.transcript", key, secret=secret)
    token = t.gitlab()
    h.put(
        ".claude/history.jsonl",
        json.dumps({"display": f"the token is {token}", "project": "/x", "timestamp": 1}) + "\n",
    )
    h.row("T1-21.history", "history.jsonl", secret=token)
    token = t.slack_bot()
    h.put(
        f".claude/shell-snapshots/snapshot-bash-{t.epoch(t.NOW)}-abc.sh",
        f"export PATH=/usr/bin\nexport SLACK_BOT_TOKEN='{token}'\n",
    )
    h.row("T1-21.snapshot", ("SLACK_BOT_TOKEN", token.rsplit("-", 1)[0]), secret=token[-24:])
    token = t.github()
    h.put(
        "{support}/Claude/claude_desktop_config.json",
        '\ufeff{\n  // servers\n  "mcpServers": {\n    "desk-server": {"command": "docker", "args": ["run", "-e", "GITHUB_TOKEN='
        + token
        + '"],},\n  },\n}\n',
    )
    h.row("T1-24.desktop-jsonc", "desk-server", secret=token)
    h.put(
        "{support}/Claude/config.json",
        {"oauth:tokenCache": base64.b64encode(b"v10" + t.raw(120)).decode(), "locale": "en"},
    )
    h.row("T1-21.desktop-cache", "Claude/config.json", ("oauth:tokenCache", "tokenCache"))


def codex(h: Home) -> None:
    refresh = t.pick(90)
    user, account = "user-" + t.pick(24), t.uuid()
    identity, id_signature = t.jwt(
        email="ada.codex@corp.example",
        sub="auth0|1",
        exp=t.epoch(t.later(hours=1)),
        **{
            "https://api.openai.com/auth": {
                "chatgpt_account_id": account,
                "chatgpt_plan_type": "enterprise",
                "chatgpt_user_id": user,
            }
        },
    )
    access, signature = t.jwt(
        sub="auth0|1",
        exp=t.epoch(t.later(days=9)),
        **{"https://api.openai.com/auth": {"chatgpt_account_id": account, "chatgpt_user_id": user}},
    )
    h.put(
        ".codex/auth.json",
        {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": {"id_token": identity, "access_token": access, "refresh_token": refresh, "account_id": account},
            "last_refresh": t.iso(t.NOW),
        },
    )
    h.row("T1-22.chatgpt", ("ada.codex@corp.example", account, user), secret=(refresh, signature, id_signature))
    token, mcp_refresh = t.pick(64), t.pick(64)
    h.put(
        ".codex/.credentials.json",
        {
            f"figma|{t.hexs(16)}": {
                "server_name": "figma-codex",
                "server_url": "https://mcp.figma.example/mcp",
                "client_id": "fig-client-1",
                "access_token": token,
                "refresh_token": mcp_refresh,
                "expires_at": t.epoch(t.AHEAD) * 1000,
                "scopes": [],
            }
        },
    )
    h.row("T1-22.mcp", "mcp.figma.example", "fig-client-1", secret=(token, mcp_refresh))
    token, header = t.github(), t.pick(40)
    h.put(
        ".codex/config.toml",
        f'model = "gpt-5"\n\n[mcp_servers.codex-gh]\ncommand = "npx"\nargs = ["-y", "x"]\n[mcp_servers.codex-gh.env]\nGITHUB_TOKEN = "{token}"\n\n[model_providers.corp]\nname = "corp"\nbase_url = "https://llm.corp.example/v1"\nhttp_headers = {{ "X-Api-Key" = "{header}" }}\n',
    )
    h.row("T1-24.codex", "codex-gh", secret=token)
    h.row("T1-22.provider-header", ("llm.corp.example", "corp"), ("X-Api-Key", "x-api-key"), secret=header)
    token = t.hf()
    h.put(
        f".codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{t.uuid()}.jsonl",
        json.dumps(
            {
                "timestamp": "x",
                "type": "response_item",
                "payload": {"content": [{"type": "input_text", "text": f"HF_TOKEN={token}"}]},
            }
        )
        + "\n",
    )
    h.row("T1-22.session", "rollout-", secret=token)
    key = t.openai()
    h.put(".codex/auth.json.bak", {"OPENAI_API_KEY": key})
    h.row("T1-22.api-key-backup", "auth.json.bak", secret=key)


def gemini(h: Home) -> None:
    refresh, access = t.google_refresh(), t.google_access()
    identity, signature = t.jwt(
        email="ada.gemini@corp.example",
        sub="1077",
        hd="corp.example",
        azp="681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com",
        exp=t.epoch(t.later(hours=1)),
    )
    h.put(
        ".gemini/oauth_creds.json",
        {
            "access_token": access,
            "refresh_token": refresh,
            "scope": "openid",
            "token_type": "Bearer",
            "id_token": identity,
            "expiry_date": t.epoch(t.later(hours=1)) * 1000,
        },
    )
    h.put(".gemini/google_accounts.json", {"active": "ada.gemini@corp.example", "old": []})
    h.row(
        "T1-23.oauth",
        ("ada.gemini@corp.example", "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com"),
        secret=(refresh, access, signature),
    )
    token, mcp_refresh = t.pick(60), t.pick(60)
    h.put(
        ".gemini/mcp-oauth-tokens.json",
        [
            {
                "serverName": "gem-server",
                "token": {
                    "accessToken": token,
                    "refreshToken": mcp_refresh,
                    "expiresAt": t.epoch(t.AHEAD) * 1000,
                    "tokenType": "Bearer",
                },
                "clientId": "gem-client",
                "tokenUrl": "https://auth.gem.example/token",
                "mcpServerUrl": "https://mcp.gem.example/",
                "updatedAt": 1,
            }
        ],
    )
    h.row("T1-23.mcp", "mcp.gem.example", "gem-client", secret=(token, mcp_refresh))
    h.put(".gemini/gemini-credentials.json", f"{t.hexs(32)}:{t.hexs(32)}:{t.hexs(400)}")
    h.row("T1-23.file-keychain", "gemini-credentials.json")
    token = t.pick(39)
    h.put(
        ".gemini/settings.json",
        {
            "mcpServers": {
                "gem-mcp": {
                    "httpUrl": "https://x.gem.example",
                    "headers": {"X-Goog-Api-Key": "AIza" + (key := t.pick(35))},
                }
            }
        },
    )
    h.row("T1-24.gemini", ("gem-mcp", "x.gem.example"), secret=key)
    h.put(".gemini/.env", f"GEMINI_API_KEY=AIza{(key := t.pick(35))}\n")
    h.row("T1-23.env", ".gemini/.env", "GEMINI_API_KEY", secret=key)


def mcp(h: Home) -> None:
    def server(name: str, token: str, root: str = "mcpServers") -> dict:
        return {root: {name: {"command": "npx", "args": ["-y", "server-github"], "env": {"GITHUB_TOKEN": token}}}}

    for name, place, root in (
        ("cursor", ".cursor/mcp.json", "mcpServers"),
        ("windsurf", ".codeium/windsurf/mcp_config.json", "mcpServers"),
        ("vscode", "{code}/User/mcp.json", "servers"),
        ("vscode-profile", "{code}/User/profiles/abc123/mcp.json", "servers"),
        ("copilot", ".copilot/mcp-config.json", "mcpServers"),
        ("zed", h.pick(".config/zed/settings.json", ".config/zed/settings.json", "AppData/Roaming/Zed/settings.json"), "context_servers"),
        ("kiro", ".kiro/settings/mcp.json", "mcpServers"),
        ("amazonq", ".aws/amazonq/mcp.json", "mcpServers"),
        ("cline", "{code}/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", "mcpServers"),
        ("roo", "{code}/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json", "mcpServers"),
        ("lmstudio", ".lmstudio/mcp.json", "mcpServers"),
        ("project", "src/app/.mcp.json", "mcpServers"),
        ("project-cursor", "src/app/.cursor/mcp.json", "mcpServers"),
        ("project-vscode", "src/app/.vscode/mcp.json", "servers"),
        ("antigravity", ".gemini/antigravity/mcp_config.json", "mcpServers"),
        ("plugin", "src/app/.claude-plugin/plugin.json", "mcpServers"),
    ):  # fmt: skip
        token = t.github()
        h.put(place, server(f"srv-{name}", token, root))
        h.row(f"T1-24.{name}", f"srv-{name}", secret=token)
    token = t.pick(40)
    h.put(
        ".config/opencode/opencode.json",
        {"mcp": {"srv-opencode": {"type": "remote", "url": f"https://mcp.oc.example/?token={token}", "headers": {}}}},
    )
    h.row("T1-24.opencode-url", ("srv-opencode", "mcp.oc.example"), secret=token)
    token = t.github()
    h.put(
        h.pick(
            ".config/goose/config.yaml", ".config/goose/config.yaml", "AppData/Roaming/Block/goose/config/config.yaml"
        ),
        f"extensions:\n  srv-goose:\n    type: stdio\n    cmd: npx\n    envs:\n      GITHUB_TOKEN: {token}\n",
    )
    h.row("T1-24.goose", "srv-goose", secret=token)
    token = t.anthropic()
    h.put(
        ".continue/config.yaml",
        f"models:\n  - name: Claude\n    provider: anthropic\n    model: claude\n    apiKey: {token}\nmcpServers:\n  - name: srv-continue\n    command: npx\n    env:\n      GITHUB_TOKEN: {(other := t.github())}\n",
    )
    h.row("T1-24.continue-model", ".continue/config.yaml", secret=token)
    h.row("T1-24.continue", "srv-continue", secret=other)
    access, refresh, secret = t.pick(60), t.pick(60), t.pick(40)
    name = t.hexs(32)
    h.put(
        f".mcp-auth/mcp-remote-0.1.18/{name}_tokens.json",
        {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 3600, "scope": "read"},
    )
    h.row("T1-24.mcp-remote", name, secret=(access, refresh))
    h.put(
        f".mcp-auth/mcp-remote-0.1.18/{name}_client_info.json",
        {"client_id": "remote-client-9", "client_secret": secret, "redirect_uris": ["http://localhost:1/cb"]},
    )
    h.row("T1-24.mcp-remote-client", "remote-client-9", secret=secret)


def _vscdb(h: Home, place: str, rows: list[tuple[str, str]]) -> None:
    h.sqlite(
        place,
        "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);",
        [("INSERT INTO ItemTable VALUES (?,?)", r) for r in rows],
    )


def vscode(h: Home) -> None:
    def sealed(extension: str, key: str) -> tuple[str, str]:
        return f'secret://{{"extensionId":"{extension}","key":"{key}"}}', json.dumps(
            {"type": "Buffer", "data": list(b"v11" + t.raw(60))}
        )

    _vscdb(
        h,
        "{code}/User/globalStorage/state.vscdb",
        [
            sealed("vscode.github-authentication", "github.auth"),
            sealed("vscode.microsoft-authentication", "publicClients"),
            ("github-ada-usages", "[]"),
        ],
    )
    h.row("T1-25.github", "vscode.github-authentication")
    h.row("T1-25.microsoft", "vscode.microsoft-authentication")
    access, signature = t.jwt(sub="auth0|user_CURSOR1", exp=t.epoch(t.AHEAD), iss="https://authentication.cursor.sh")
    refresh, refresh_signature = t.jwt(
        sub="auth0|user_CURSOR1", exp=t.epoch(t.later(days=60)), iss="https://authentication.cursor.sh"
    )
    _vscdb(
        h,
        "{cursor}/User/globalStorage/state.vscdb",
        [
            ("cursorAuth/accessToken", access),
            ("cursorAuth/refreshToken", refresh),
            ("cursorAuth/cachedEmail", "ada.cursor@corp.example"),
            ("cursorAuth/stripeMembershipType", "pro"),
        ],
    )
    h.row("T1-25.cursor", ("ada.cursor@corp.example", "user_CURSOR1"), secret=(signature, refresh_signature))
    word = t.pick(40)
    h.put(
        "{code}/User/settings.json",
        '{\n  // mine\n  "editor.fontSize": 12,\n  "terminal.integrated.env.linux": {"CORP_API_TOKEN": "'
        + word
        + '"},\n  "codegpt.apiKey": "'
        + (other := t.openai())
        + '",\n}\n',
    )
    h.row("T1-25.settings-env", "CORP_API_TOKEN", "settings.json", secret=word)
    h.row("T1-25.settings-key", "settings.json", ("codegpt.apiKey", "apiKey"), secret=other)
    token = t.github()
    h.put(f"{{code}}/User/History/-{t.hexs(7)}/{t.letters(4)}.env", f"GITHUB_TOKEN={token}\n")
    h.row("T1-25.local-history", "GITHUB_TOKEN", secret=token)
    token = t.pick(40)
    h.put(
        "src/app/.vscode/launch.json",
        '{"version": "0.2.0", "configurations": [{"type": "node", "name": "x", "env": {"INTERNAL_API_KEY": "'
        + token
        + '"}}]}',
    )
    h.row("T1-25.launch", "launch.json", "INTERNAL_API_KEY", secret=token)
    if not h.windows:
        _vscdb(h, ".vscode-server/data/User/globalStorage/state.vscdb", [sealed("remote.ext-auth", "x")])
        h.row("T1-25.server", "remote.ext-auth")


def copilot(h: Home) -> None:
    ghu, gho = t.checked("ghu"), t.checked("gho")
    folder = h.pick(".config/github-copilot", ".config/github-copilot", "AppData/Local/github-copilot")
    h.put(
        f"{folder}/apps.json",
        {
            "github.com:Iv1.b507a08c87ecfe98": {
                "user": "ada-copilot",
                "oauth_token": ghu,
                "githubAppId": "Iv1.b507a08c87ecfe98",
            }
        },
    )
    h.row("T1-26.apps", "ada-copilot", secret=ghu)
    h.put(f"{folder}/hosts.json", {"github.com": {"user": "ada-copilot-old", "oauth_token": gho}})
    h.row("T1-26.hosts", "ada-copilot-old", secret=gho)
    token = t.checked("gho")
    h.put(
        ".copilot/config.json",
        {
            "copilot_tokens": {"https://github.com:ada-cli": token},
            "last_logged_in_user": {"host": "https://github.com", "login": "ada-cli"},
            "logged_in_users": [{"host": "https://github.com", "login": "ada-cli"}],
        },
    )
    h.row("T1-26.cli", "ada-cli", secret=token)


ROWS = (claude, codex, gemini, mcp, vscode, copilot)
