"""What reading the tools' own sources showed to be missed before: other folders, newer forms, and settings of smaller tools."""

from __future__ import annotations

import base64
import json

from tests.planted import tokens as t
from tests.planted.layout import Home


def clouds(h: Home) -> None:
    oid, tid, refresh = t.uuid(), t.uuid(), "1.AF" + t.pick(300)
    entry = {
        "credential_type": "RefreshToken",
        "secret": refresh,
        "home_account_id": f"{oid}.{tid}",
        "environment": "login.microsoftonline.com",
        "client_id": t.uuid(),
    }
    folder = h.pick(".IdentityService", ".local/share/.IdentityService", "AppData/Local/.IdentityService")
    h.put(f"{folder}/msal.cache.cae", {"RefreshToken": {"k": entry}})
    h.row("found.identity-service", oid, tid, secret=refresh)
    tenant, client, secret = t.uuid(), t.uuid(), f"{t.pick(3)}8Q~{t.pick(34)}"
    h.put(
        "src/beside/.env",
        f"AZURE_TENANT_ID={tenant}\nAZURE_CLIENT_ID={client}\nAZURE_CLIENT_SECRET={secret}\nSMTP_HOST=mail.corp.example\nSMTP_USER=ada-smtp\n"
        f"SMTP_PASSWORD={(a := t.pick(18))}\nBLOB_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName=corpblobs;AccountKey={(k := t.b64(64))}\n",
    )
    h.row("found.env-entra", tenant, client, secret=secret)
    h.row("found.env-smtp", "mail.corp.example", "ada-smtp", secret=a)
    h.row("found.env-storage", "corpblobs", secret=k)
    password = {
        "payload": t.b64(120),
        "datakey": t.b64(60),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": t.epoch(t.PAST),
    }
    encoded = base64.b64encode(json.dumps(password).encode()).decode()
    login = base64.b64encode(f"AWS:{encoded}".encode()).decode()
    h.put(".docker/config.json.ci", {"auths": {"210987654321.dkr.ecr.eu-west-1.amazonaws.com": {"auth": login}}})
    h.row("found.ecr-expired", "210987654321.dkr.ecr.eu-west-1.amazonaws.com", secret=encoded[40:120], expired=True)
    name = f"SnowflakeTokenCache.v2.MfaToken.{t.hexs(64)}"
    h.put(".cache/snowflake/credential_cache_v2.json", {"tokens": {name: (a := t.pick(60))}})
    h.row("found.snowflake-v2", name, secret=a)


def code(h: Home) -> None:
    info = {
        "domain": "anaconda.com",
        "api_key": (a := t.pick(60)),
        "username": "ada-conda",
        "repo_tokens": [],
        "version": 2,
    }
    h.put(
        ".anaconda/keyring", {"Anaconda Cloud": {"anaconda.com": base64.b64encode(json.dumps(info).encode()).decode()}}
    )
    h.row("found.anaconda", "anaconda.com", "ada-conda", secret=a)
    h.put(
        ".sbt/1.0/credentials.sbt",
        f'credentials += Credentials("Nexus", "nexus.corp.example", "ada-sbt", "{(a := t.pick(20))}")\n',
    )
    h.row("found.sbt", "nexus.corp.example", "ada-sbt", secret=a)
    h.put(
        "ci/laptop/.runner",
        {
            "id": 31,
            "uuid": t.uuid(),
            "name": "laptop",
            "token": (a := t.hexs(40)),
            "address": "https://forge.corp.example",
        },
    )
    h.row("found.act-runner", "forge.corp.example/31", secret=a)
    h.put(".acme.sh/account.conf", f"ACCOUNT_EMAIL='ada@corp.example'\nSAVED_CF_Token='{(a := t.pick(40))}'\n")
    h.row("found.acme-sh", "SAVED_CF_Token", secret=a)
    h.put(".gitconfig-corp/.gitconfig", f"[github]\n\tuser = ada-old\n\ttoken = {(a := t.github())}\n")
    h.row("found.git-config-token", "ada-old", "github.com", secret=a)
    h.put("vault-agent/secret_id", f"{(a := t.uuid())}\n")
    h.row("found.approle", "vault-agent/secret_id", secret=a)


def tools(h: Home) -> None:
    h.put(
        ".astro/config.yaml",
        f"contexts:\n  corp:\n    domain: astro.corp.example\n    token: Bearer {(a := t.pick(60))}\n    user_email: ada-astro@corp.example\n",
    )
    h.row("found.astro", "ada-astro@corp.example", secret=a)
    h.put(".vcluster/config.json", {"platform": {"host": "https://loft.corp.example", "accessKey": (a := t.pick(60))}})
    h.row("found.loft", "loft.corp.example", secret=a)
    h.put(
        "{support}/fastly/config.toml",
        f'[profile.ada]\nemail = "ada-fastly@corp.example"\ntoken = "{(a := t.pick(32))}"\n',
    )
    h.row("found.fastly", "ada-fastly@corp.example", secret=a)
    h.put(".jfrog/jfrog-cli.conf.v6", {"servers": [{"url": "https://jfrog.corp.example/", "user": "ada-jfrog", "accessToken": (a := t.pick(64)), "serverId": "corp"}], "version": "6"})  # fmt: skip
    h.row("found.jfrog", "jfrog.corp.example", "ada-jfrog", secret=a)
    token = t.gitlab()
    if h.linux:
        h.put(".config/copyq/copyq_tab_1.dat", b"\0\0\0\x14text/plain\0\0\0\x1e" + token.encode() + b"\0\0")
    elif h.macos:
        h.sqlite(
            "Library/Containers/org.p0deje.Maccy/Data/Library/Application Support/Maccy/Storage.sqlite",
            "CREATE TABLE ZHISTORYITEMCONTENT (Z_PK INTEGER PRIMARY KEY, ZVALUE BLOB);",
            [("INSERT INTO ZHISTORYITEMCONTENT VALUES (1, ?)", (token.encode(),))],
        )
    else:
        h.sqlite(
            "AppData/Roaming/Ditto/Ditto.db",
            "CREATE TABLE Main (lID INTEGER PRIMARY KEY, mText TEXT);",
            [("INSERT INTO Main VALUES (1, ?)", (token,))],
        )
    h.row("found.clipboard", h.last.rpartition("/")[2], secret=token)


def agents(h: Home) -> None:
    access, signature = t.jwt(sub="auth0|user_CURSOR9", exp=t.epoch(t.AHEAD), iss="https://authentication.cursor.sh")
    h.put(h.pick(".config/cursor/auth.json", ".cursor/auth.json", "AppData/Roaming/Cursor/auth.json"), {"accessToken": access})  # fmt: skip
    h.row("found.cursor-agent", "auth0|user_CURSOR9", secret=signature)
    for folder in (".kimi", ".kimi-code"):
        h.put(
            f"{folder}/credentials/kimi-code.json",
            {"access_token": (a := t.pick(60)), "refresh_token": (b := t.pick(60)), "expires_at": 4102444800},
        )
        h.row(f"found.kimi-{folder}", f"{folder}/credentials/kimi-code.json", secret=(a, b))
    h.put(".config/TabNine/tabnine.token", (a := t.pick(48)))
    h.row("found.tabnine", "tabnine.token", secret=a)
    h.put(".gemini/mcp-oauth-tokens-v2.json", f"{t.hexs(32)}:{t.hexs(32)}:{t.hexs(200)}")
    h.row("found.gemini-sealed", "mcp-oauth-tokens-v2.json")
    token = {"accessToken": t.pick(40), "refreshToken": (a := t.pick(40)), "tokenType": "Bearer"}
    server = "https://qwen-mcp.corp.example/sse"
    h.put(".qwen/mcp-oauth-tokens.json", [{"serverName": "corp", "token": token, "mcpServerUrl": server}])
    h.row("found.qwen-mcp", "qwen-mcp.corp.example", secret=a)


def logins(h: Home) -> None:
    h.put(
        ".gitcookies",
        f"gerrit.corp.example\tFALSE\t/\tTRUE\t4102444800\to\tgit-ada.corp.example=1/{(a := t.pick(40))}\n",
    )
    h.row("found.gitcookies", "gerrit.corp.example", "git-ada.corp.example", secret=a)
    jar = f"# Netscape HTTP Cookie File\r\n#HttpOnly_jar.okta.com\tFALSE\t/\tTRUE\t4102444800\tsid\t{(a := t.pick(40))}\r\n"
    h.put("Downloads/okta-cookies.txt", jar)
    h.row("found.cookie-file", "jar.okta.com", secret=a)
    secrets = {"client_id": (client := t.pick(32)), "client_secret": (a := t.pick(64)), "refresh_token": t.pick(80)}
    h.put("{xdg}/.jira/jira-cli-oauth-secrets.json", secrets)
    h.row("found.jira-oauth", client, secret=a)
    h.put("{xdg}/upstash/config.json", {"email": "ada-upstash@corp.example", "api_key": (a := t.uuid())})
    h.row("found.upstash", "ada-upstash@corp.example", secret=a)


ROWS = (clouds, code, tools, agents, logins)
