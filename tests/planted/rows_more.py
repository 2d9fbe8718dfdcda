"""First tier again: older versions, second places and rarer forms of the same stores."""

from __future__ import annotations

import base64
import json
import plistlib

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home
from tests.planted.rows_ai import _vscdb
from tests.planted.rows_cloud import _service_account


def _auth(user: str, word: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{word}".encode()).decode()}


def clouds(h: Home) -> None:
    h.put(
        ".aws/credentials.old",
        f"\ufeff[default]\r\naws_access_key_id={(k := t.aws_key())[0]}\r\naws_secret_access_key={k[1]}\r\n".encode(
            "utf-16-le"
        ),
    )
    h.row("more.aws-utf16", k[0], secret=k[1])
    account, key_id = _service_account("firebase-adminsdk")
    h.put("src/app/firebase-adminsdk.json", account)
    h.row("more.firebase-adminsdk", key_id, secret=keys.rsa_secret())
    account, key_id = _service_account("named")
    h.put("src/app/config/service-account.json", account)
    h.row("more.service-account-name", key_id, secret=keys.rsa_secret())
    h.sqlite("{config}/gcloud/configurations/x.db", "CREATE TABLE x (a);", [])
    h.put("src/infra/secrets.tfvars.json", {"db_password": (a := t.pick(20))})
    h.row("more.tfvars-json", "secrets.tfvars.json", "db_password", secret=a)
    h.put(
        ".opentofu.d/credentials.tfrc.json" if not h.windows else "AppData/Roaming/opentofu.d/credentials.tfrc.json",
        {"credentials": {"otf.corp.example": {"token": (a := t.pick(40))}}},
    )
    if not h.windows:
        h.row("more.opentofu", "otf.corp.example", secret=a)
    h.add(".zshrc", f"export TF_TOKEN_app_corp_example={(a := t.pick(40))}")
    h.row("more.tf-token", "TF_TOKEN_app_corp_example", ".zshrc", secret=a)
    h.add(".zshrc", f"export TF_VAR_master_password='{(a := t.pick(20))}'")
    h.row("more.tf-var", "TF_VAR_master_password", secret=a)
    h.put("vault/agent-secret-id", (a := t.uuid()) + "\n")
    h.put("vault/secret-id", a)
    h.put("src/app/wrangler.toml", 'name = "x"\n[vars]\nPUBLIC = "1"\n')


def code(h: Home) -> None:
    h.put("src/old/.git/config", f'[remote "origin"]\n\turl = https://{(a := t.github())}@github.com/corp/old.git\n')
    h.row("more.remote-token-only", "src/old/.git/config", "github.com", secret=a)
    h.put(
        "src/app/.gitmodules",
        f'[submodule "x"]\n\tpath = x\n\turl = https://ada-sub:{(a := t.gitlab())}@gitlab.sub.example/x.git\n',
    )
    h.row("more.gitmodules", "ada-sub", "gitlab.sub.example", secret=a)
    h.put(
        "src/app/.git/logs/HEAD",
        f"{t.hexs(40)} {t.hexs(40)} Ada <a@x> 1764000000 +0000\tclone: from https://ada-log:{(a := t.gitlab())}@gitlab.log.example/x.git\n",
    )
    h.row("more.reflog", "ada-log", "gitlab.log.example", secret=a)
    h.put(".yarnrc", f'registry "https://yarn1.corp.example"\n"//yarn1.corp.example/:_authToken" {(a := t.pick(36))}\n')
    h.row("more.yarn-classic", "yarn1.corp.example", secret=a)
    h.put(".bunfig.toml", f'[install]\nregistry = "https://ada-bunurl:{(a := t.pick(20))}@bunurl.corp.example/"\n')
    h.row("more.bun-url", "ada-bunurl", "bunurl.corp.example", secret=a)
    h.put(
        h.pick(".config/pnpm/auth.ini", "Library/Preferences/pnpm/auth.ini", "AppData/Local/pnpm/config/auth.ini"),
        f"//pnpmauth.corp.example/:_authToken={(a := t.pick(36))}\n",
    )
    h.row("more.pnpm-auth", "pnpmauth.corp.example", secret=a)
    h.put(
        "src/legacy/.npmrc",
        f"_auth={base64.b64encode(f'ada-unscoped:{(a := t.pick(16))}'.encode()).decode()}\nalways-auth=true\nemail=a@x\n",
    )
    h.row("more.npm-unscoped", "ada-unscoped", secret=a)
    h.put(".config/uv/uv.toml", f'[[index]]\nurl = "https://ada-uvc:{(a := t.pick(16))}@uvc.corp.example/simple"\n')
    h.row("more.uv-config", "ada-uvc", secret=a)
    h.put(
        "src/app/pyproject.toml",
        f'[[tool.poetry.source]]\nname = "corp"\nurl = "https://ada-pyp:{(a := t.pick(16))}@pyp.corp.example/simple"\n',
    )
    h.row("more.pyproject", "ada-pyp", "pyp.corp.example", secret=a)
    h.put(
        "src/app/requirements.txt",
        f"--extra-index-url https://ada-req:{(a := t.pick(16))}@req.corp.example/simple\nrequests\n",
    )
    h.row("more.requirements", "ada-req", "req.corp.example", secret=a)
    h.put("src/app/Dockerfile", f"FROM x\nENV API_TOKEN={(a := t.pick(36))}\nRUN pip install x\n")
    h.row("more.dockerfile", "Dockerfile", "API_TOKEN", secret=a)
    if h.linux:
        h.put("/run/user/1000/containers/auth.json", {"auths": {"run.corp.example": _auth("ada-run", a := t.pick(16))}})
        h.row("more.podman-run", "ada-run", "run.corp.example", secret=a)
        h.put(
            "/var/lib/kubelet/config.json", {"auths": {"kubelet.corp.example": _auth("ada-kubelet", a := t.pick(16))}}
        )
        h.row("more.kubelet", "ada-kubelet", secret=a)
        h.put("/root/.docker/config.json", {"auths": {"rootreg.corp.example": _auth("ada-root", a := t.pick(16))}})
        h.row("more.root-docker", "ada-root", secret=a)
        h.put(
            "/etc/pip.conf",
            f"[global]\nindex-url = https://ada-etcpip:{(a := t.pick(16))}@etcpip.corp.example/simple\n",
        )
        h.row("more.etc-pip", "ada-etcpip", secret=a)
        h.put("/usr/local/etc/npmrc", f"//etcnpm.corp.example/:_authToken={(a := t.pick(36))}\n")
        h.row("more.etc-npmrc", "etcnpm.corp.example", secret=a)
        h.put("/etc/systemd/system/corp.service", f"[Service]\nEnvironment=CORP_SYNC_TOKEN={(a := t.pick(36))}\n")
        h.row("more.system-unit", "corp.service", "CORP_SYNC_TOKEN", secret=a)
        h.put("/var/spool/cron/crontabs/ada", f"BACKUP_API_TOKEN={(a := t.pick(36))}\n0 1 * * * /usr/bin/backup\n")
        h.row("more.crontab", "crontabs/ada", "BACKUP_API_TOKEN", secret=a)
        h.put("/etc/claude-code/managed-settings.json", {"env": {"ANTHROPIC_API_KEY": (a := t.anthropic())}})
        h.row("more.claude-managed", "managed-settings.json", "ANTHROPIC_API_KEY", secret=a)
    h.put(".docker/daemon-extra/config.json", {"auths": {}})
    pair = keys.Pair("docker-client-top")
    h.put(".docker/cert.pem", pair.pem)
    h.put(".docker/key.pem", pair.private())
    h.row("more.docker-cert-path", pair.key_want, secret=pair.secret)
    encrypted = h.at(".ssh/id_legacy")
    found = keys.ssh(encrypted, "-t", "rsa", "-b", "2048", "-m", "PEM", passphrase="some phrase")
    h.last = ".ssh/id_legacy"
    h.row("more.ssh-pem-encrypted", found)
    path = h.at(".ssh/config.d/keys/id_deep")
    found = keys.ssh(path)
    h.last = ".ssh/config.d/keys/id_deep"
    h.row("more.ssh-deep", found)
    path = h.at("Downloads/bastion.pem")
    found = keys.ssh(path, "-t", "rsa", "-b", "2048", "-m", "PEM")
    h.at("Downloads/bastion.pem.pub").unlink()
    h.last = "Downloads/bastion.pem"
    h.row("more.ec2-pem", found, secret=keys.private_text(path))
    path = h.at("src/infra/keys/id_ed25519")
    found = keys.ssh(path)
    h.last = "src/infra/keys/id_ed25519"
    h.row("more.ssh-in-repo", found)


def assistants(h: Home) -> None:
    h.put(
        ".claude/.claude.json",
        {"mcpServers": {"nested-server": {"command": "x", "env": {"GITHUB_TOKEN": (a := t.github())}}}},
    )
    h.row("more.claude-nested", "nested-server", secret=a)
    h.put(".claude/paste-cache/abc.txt", f"here: {(a := t.github())}\n")
    h.row("more.claude-paste", "paste-cache", "github", secret=a)
    h.put(f".claude/file-history/{t.uuid()}/x@v1", f"GITLAB_TOKEN={(a := t.gitlab())}\n")
    h.row("more.claude-file-history", "file-history", "GITLAB_TOKEN", secret=a)
    h.put(f".claude/todos/{t.uuid()}.json", [{"content": f"use {(a := t.hf())}", "status": "pending"}])
    h.row("more.claude-todos", "todos", secret=a)
    h.put(f".claude/debug/{t.uuid()}.txt", f"header Authorization: Bearer {(a := t.gitlab())}\n")
    h.row("more.claude-debug", "debug", secret=a)
    h.put(
        ".codex/history.jsonl",
        json.dumps({"session_id": t.uuid(), "ts": 1, "text": f"export NPM_TOKEN={(a := t.checked('npm'))}"}) + "\n",
    )
    h.row("more.codex-history", ".codex/history.jsonl", secret=a)
    h.put(".codex/log/codex-tui.log", f"INFO token={(a := t.github())}\n")
    h.row("more.codex-log", "codex-tui.log", secret=a)
    h.put(".gemini/tmp/abc/chats/session-1.json", {"messages": [{"content": f"key AIza{(a := t.pick(35))}"}]})
    h.row("more.gemini-chat", "session-1.json", secret=a)
    h.put(
        "src/app/.codex/config.toml",
        f'[mcp_servers.codexproj]\ncommand = "x"\nenv = {{ GITHUB_TOKEN = "{(a := t.github())}" }}\n',
    )
    h.row("more.codex-project", "codexproj", secret=a)
    h.put(
        "src/app/.kiro/settings/mcp.json",
        {"mcpServers": {"kiroproj": {"command": "x", "env": {"GITHUB_TOKEN": (a := t.github())}}}},
    )
    h.row("more.kiro-project", "kiroproj", secret=a)
    h.put(
        ".aws/amazonq/agents/dev.json",
        {"name": "dev", "mcpServers": {"q-agent": {"command": "x", "env": {"GITHUB_TOKEN": (a := t.github())}}}},
    )
    h.row("more.amazonq-agent", "q-agent", secret=a)
    for name in ("Code - Insiders", "VSCodium", "Windsurf"):
        h.put(
            f"{{support}}/{name}/User/mcp.json",
            {
                "servers": {
                    f"in-{name.split()[0].lower()}-x": {"command": "x", "env": {"GITHUB_TOKEN": (a := t.github())}}
                }
            },
        )
        h.row(f"more.mcp-{name}", f"in-{name.split()[0].lower()}-x", secret=a)
    h.put(".continue/config.json", {"models": [{"title": "x", "provider": "openai", "apiKey": (a := t.openai())}]})
    h.row("more.continue-json", ".continue/config.json", "openai", secret=a)
    h.put(
        ".continue/mcpServers/x.yaml",
        f"name: x\nmcpServers:\n  - name: contfile\n    command: x\n    env:\n      GITHUB_TOKEN: {(a := t.github())}\n",
    )
    h.row("more.continue-mcp", "contfile", secret=a)
    h.put(
        ".vibe/config.toml",
        f'[[mcp_servers]]\nname = "vibesrv"\ntransport = "http"\nurl = "https://vibe.example/mcp"\n[mcp_servers.headers]\nAuthorization = "Bearer {(a := t.pick(40))}"\n',
    )
    h.row("more.vibe", ("vibesrv", "vibe.example"), secret=a)
    access, signature = t.jwt(sub="auth0|user_BACKUP1", exp=t.epoch(t.AHEAD))
    _vscdb(
        h,
        "{cursor}/User/globalStorage/state.vscdb.backup",
        [("cursorAuth/accessToken", access), ("cursorAuth/cachedEmail", "backup.cursor@corp.example")],
    )
    h.row("more.cursor-backup", ("backup.cursor@corp.example", "user_BACKUP1"), secret=signature)
    h.put("{code}/User/profiles/p1/settings.json", {"x.apiKey": (a := t.openai())})
    h.row("more.profile-settings", "profiles/p1/settings.json", secret=a)
    h.put("src/app/.vscode/settings.json", {"terminal.integrated.env.osx": {"DEPLOY_API_KEY": (a := t.pick(40))}})
    h.row("more.project-settings", ".vscode/settings.json", "DEPLOY_API_KEY", secret=a)
    h.put(
        "src/app/.vscode/tasks.json",
        '{"version":"2.0.0","tasks":[{"label":"x","options":{"env":{"TASK_API_TOKEN":"' + (a := t.pick(40)) + '"}}}]}',
    )
    h.row("more.tasks", "tasks.json", "TASK_API_TOKEN", secret=a)
    h.put(
        ".local/share/opencode/mcp-auth.json",
        {
            "linear": {
                "tokens": {"accessToken": (a := t.pick(50)), "refreshToken": (b := t.pick(50))},
                "clientInfo": {"clientId": "oc-client"},
                "serverUrl": "https://mcp.ocauth.example",
            }
        },
    )
    h.row("more.opencode-mcp", ("oc-client", "mcp.ocauth.example", "linear"), secret=(a, b))
    h.put(".aider.chat.history.md", f"#### set key {(a := t.openai())}\n")
    h.row("more.aider-history", ".aider.chat.history.md", "openai", secret=a)


def texts(h: Home) -> None:
    h.put(
        "src/app/.env.local",
        f"VERCEL_OIDC_TOKEN={(j := t.jwt(sub='owner:corp', iss='https://oidc.vercel.com/corp', exp=t.epoch(t.later(hours=5))))[0]}\n",
    )
    h.row("more.vercel-oidc", ("owner:corp", "oidc.vercel.com"), secret=j[1])
    h.put(
        "src/ror/config/database.yml",
        f"production:\n  adapter: postgresql\n  host: ror.corp.example\n  username: ada_ror\n  password: {(a := t.pick(18))}\n",
    )
    h.row("more.database-yml", "database.yml", ("ada_ror", "ror.corp.example"), secret=a)
    h.put("src/ror/config/credentials/production.key", (a := t.hexs(32)))
    h.row("more.rails-production-key", "production.key", secret=a)
    h.put("src/sls/serverless.yml", f"provider:\n  environment:\n    PAYMENTS_API_KEY: {(a := t.pick(36))}\n")
    h.row("more.serverless", "serverless.yml", "PAYMENTS_API_KEY", secret=a)
    h.put(
        "src/compose/compose.override.yaml",
        f'services:\n  x:\n    environment:\n      MYSQL_ROOT_PASSWORD: "{(a := t.pick(18))}"\n',
    )
    h.row("more.compose-override", "compose.override.yaml", "MYSQL_ROOT_PASSWORD", secret=a)
    h.put(
        "src/app/.idea/dataSources.local.xml",
        '<project><component name="dataSourceStorageLocal"><data-source name="idea-db" uuid="u"><user-name>ada_idea</user-name><secret-storage>master_key</secret-storage></data-source></component></project>',
    )
    h.row("more.idea-datasource", "ada_idea", public=True)
    h.put(
        "src/app/.idea/workspace.xml",
        f'<project><component name="RunManager"><configuration name="x"><envs><env name="IDEA_API_TOKEN" value="{(a := t.pick(36))}" /></envs></configuration></component></project>',
    )
    h.row("more.idea-env", "workspace.xml", "IDEA_API_TOKEN", secret=a)
    h.put("{xdg}/nushell/history.txt", f"$env.GITHUB_TOKEN = '{(a := t.github())}'\n")
    h.row("more.nushell", "nushell/history.txt", secret=a)
    h.put(
        "{data}/xonsh/history_json/xonsh-x.json",
        {
            "data": {
                "cmds": [{"inp": f"$HF_TOKEN = '{(a := t.hf())}'\n", "rtn": 0, "ts": [1764000000, 1764000001]}],
                "locked": False,
            }
        },
    )
    h.row("more.xonsh", "xonsh", secret=a)
    for name, token in (
        (".sh_history", t.github()),
        (".zhistory", t.gitlab()),
        (".history", t.hf()),
        (".irb_history", "sk_live_" + t.pick(60)),
        (".pry_history", t.github()),
        (".sqlite_history", t.gitlab()),
        (".lesshst", t.hf()),
    ):
        h.put(name, f"x {token} y\n")
        h.row(f"more.{name}", name, secret=token)
    h.put(
        h.pick(
            ".mongodb/mongosh/mongosh_repl_history",
            ".mongodb/mongosh/mongosh_repl_history",
            "AppData/Roaming/mongodb/mongosh/mongosh_repl_history",
        ),
        f"connect('mongodb://ada_mongo:{(a := t.pick(16))}@mongo.corp.example/admin')\n",
    )
    h.row("more.mongosh", "ada_mongo", "mongo.corp.example", secret=a)
    h.put("src/app/mise.toml", f'[env]\nMISE_API_TOKEN = "{(a := t.pick(36))}"\n')
    h.row("more.mise", "mise.toml", "MISE_API_TOKEN", secret=a)
    h.put("src/app/.emacs.d-x/#notes#", "x\n")
    h.put("src/app/#secrets.el#", f'(setq api-token "{(a := t.github())}")\n')
    h.row("more.emacs-autosave", "secrets.el", secret=a)
    if h.windows:
        h.put("AppData/Local/clink/.history", f"set GITHUB_TOKEN={(a := t.github())}\r\n")
        h.row("more.clink", "clink/.history", secret=a)
        from tests.unit._hive import hive

        saved = {"ada%40files": {"HostName": "files.corp.example", "UserName": "ada-winscp", "Password": t.hexs(40)}}
        h.put(
            "NTUSER.DAT",
            hive({
                "Environment": {"CORP_REG_TOKEN": (a := t.pick(36)), "Path": "%USERPROFILE%\\bin"},
                "Software": {"Martin Prikryl": {"WinSCP 2": {"Sessions": saved}}},
            }),
        )  # fmt: skip
        h.row("more.registry-env", "CORP_REG_TOKEN", secret=a)
        h.row("more.registry-winscp", "files.corp.example", "ada-winscp", secret=saved["ada%40files"]["Password"])
        h.put("Documents/WindowsPowerShell/profile.ps1", f"$env:PS5_API_KEY = '{(a := t.pick(36))}'\r\n")
        h.row("more.powershell5-profile", "PS5_API_KEY", secret=a)
        h.put("deploy.bat", f"@echo off\r\nset DEPLOY_TOKEN={(a := t.github())}\r\n")
    if h.macos:
        h.put(
            "Library/LaunchAgents/com.corp.bin.plist",
            plistlib.dumps(
                {"Label": "x", "EnvironmentVariables": {"CORP_AGENT_TOKEN": (a := t.pick(36))}}, fmt=plistlib.FMT_BINARY
            ),
        )
        h.row("more.launchagent-binary", "com.corp.bin.plist", "CORP_AGENT_TOKEN", secret=a)
        h.put(
            "Library/LaunchAgents/com.corp.xml.plist",
            plistlib.dumps({"Label": "x", "EnvironmentVariables": {"CORP_XML_TOKEN": (a := t.pick(36))}}),
        )
        h.row("more.launchagent-xml", "com.corp.xml.plist", "CORP_XML_TOKEN", secret=a)
    pair = keys.Pair("der-cert")
    h.put("Documents/certs/der.der", pair.der)
    h.put("Documents/certs/der.key", pair.private())
    h.row("more.der", pair.key_want, secret=pair.secret)
    pair = keys.Pair("lego")
    h.put(".lego/certificates/lego.example.crt", pair.pem)
    h.put(".lego/certificates/lego.example.key", pair.private())
    h.row("more.lego", pair.key_want, secret=pair.secret)
    pair = keys.Pair("svc")
    h.put("src/svc/certs/tls.key", pair.private())
    h.put("src/svc/certs/tls.crt", pair.pem)
    h.row("more.repo-tls-key", pair.key_want, secret=pair.secret)
    key = t.hexs(10)
    pair = keys.Pair("gh-app", kind="rsa")
    h.put(
        f"Downloads/corp-app.2026-01-{key[:2]}.private-key.pem",
        pair.private(keys.serialization.PrivateFormat.TraditionalOpenSSL),
    )
    h.row("more.github-app-key", pair.key_want, secret=pair.secret)


ROWS = (clouds, code, assistants, texts)
