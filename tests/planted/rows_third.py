"""Third tier: the long tail of tools, and what people keep in their own files."""

from __future__ import annotations

import base64
import json

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home


def assistants(h: Home) -> None:
    h.put(
        ".local/share/opencode/auth.json",
        {
            "anthropic": {
                "type": "oauth",
                "refresh": (r := t.anthropic("ort01")),
                "access": (a := t.anthropic("oat01")),
                "expires": t.epoch(t.AHEAD) * 1000,
            },
            "openrouter": {"type": "api", "key": "sk-or-v1-" + (k := t.hexs(64))},
        },
    )
    h.row("T3.opencode-oauth", "opencode/auth.json", "anthropic", secret=(r, a))
    h.row("T3.opencode-key", "opencode/auth.json", "openrouter", secret=k)
    h.put(
        h.pick(
            ".config/goose/secrets.yaml",
            ".config/goose/secrets.yaml",
            "AppData/Roaming/Block/goose/config/secrets.yaml",
        ),
        f"ANTHROPIC_API_KEY: {(a := t.anthropic())}\nDATABRICKS_TOKEN: dapi{(b := t.hexs(32))}\n",
    )
    h.row("T3.goose", "secrets.yaml", "anthropic", secret=a)
    h.row("T3.goose-second", "secrets.yaml", "databricks", secret=b)
    h.put(
        ".continue/auth.json",
        {
            "userId": "u",
            "userEmail": "ada.cont@corp.example",
            "accessToken": (a := t.jwt(sub="cont-user", exp=t.epoch(t.AHEAD)))[0],
            "refreshToken": (b := t.pick(50)),
            "expiresAt": t.epoch(t.AHEAD) * 1000,
            "organizationId": "org_1",
        },
    )
    h.row("T3.continue", ("ada.cont@corp.example", "cont-user"), secret=(a[1], b))
    h.put(
        ".aider.conf.yml",
        f"openai-api-key: {(a := t.openai())}\nanthropic-api-key: {(b := t.anthropic())}\napi-key:\n  - gemini=AIza{(c := t.pick(35))}\n",
    )
    h.row("T3.aider-openai", ".aider.conf.yml", "openai", secret=a)
    h.row("T3.aider-anthropic", ".aider.conf.yml", "anthropic", secret=b)
    h.row("T3.aider-list", ".aider.conf.yml", ("gemini", "google"), secret=c)
    h.put(
        ".aws/sso/cache/kiro-auth-token.json",
        {
            "accessToken": "aoaAAAAA" + (a := t.pick(120)),
            "refreshToken": "aorAAAAA" + (b := t.pick(120)),
            "expiresAt": t.iso(t.later(hours=1)),
            "authMethod": "IdC",
            "provider": "Enterprise",
            "profileArn": "arn:aws:codewhisperer:us-east-1:210987654321:profile/KIRO1",
        },
    )
    h.row("T3.kiro", ("profile/KIRO1", "kiro-auth-token.json"), secret=(a, b))
    h.sqlite(
        h.pick(
            ".local/share/amazon-q/data.sqlite3",
            "Library/Application Support/amazon-q/data.sqlite3",
            "AppData/Local/amazon-q/data.sqlite3",
        ),
        "CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT);",
        [
            (
                "INSERT INTO auth_kv VALUES (?,?)",
                (
                    "codewhisperer:odic:token",
                    json.dumps(
                        {
                            "access_token": "aoaAAAAA" + (a := t.pick(90)),
                            "expires_at": t.iso(t.later(hours=1)),
                            "refresh_token": "aorAAAAA" + (b := t.pick(90)),
                            "region": "us-east-1",
                            "start_url": "https://q.awsapps.com/start",
                            "oauth_flow": "DeviceCode",
                        }
                    ),
                ),
            )
        ],
    )
    h.row("T3.amazon-q", "q.awsapps.com", secret=(a, b))
    h.put(
        h.pick(
            ".config/io.datasette.llm/keys.json",
            "Library/Application Support/io.datasette.llm/keys.json",
            "AppData/Roaming/io.datasette.llm/keys.json",
        ),
        {"// Note": "x", "openai": (a := t.openai())},
    )
    h.row("T3.llm", "io.datasette.llm/keys.json", "openai", secret=a)
    h.put(".local/share/amp/secrets.json", {"apiKey@https://ampcode.com/": "sgamp_user_" + (a := t.pick(50))})
    h.row("T3.amp", "ampcode.com", secret=a)
    h.put(".local/share/crush/crush.json", {"providers": {"groq": {"api_key": "gsk_" + (a := t.pick(52))}}})
    h.row("T3.crush", "crush.json", "groq", secret=a)
    h.put(
        ".qwen/oauth_creds.json",
        {
            "access_token": (a := t.pick(86)),
            "refresh_token": (b := t.pick(86)),
            "token_type": "Bearer",
            "resource_url": "portal.qwen.ai",
            "expiry_date": t.epoch(t.AHEAD) * 1000,
        },
    )
    h.row("T3.qwen", ("portal.qwen.ai", "qwen"), secret=(a, b))
    h.put(".grok/user-settings.json", {"apiKey": "xai-" + (a := t.pick(80))})
    h.row("T3.grok", ".grok/user-settings.json", secret=a)
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: F401

    path = h.at(".ollama/id_ed25519")
    found = keys.ssh(path)
    h.last = ".ollama/id_ed25519"
    h.row("T3.ollama", found, secret=keys.private_text(path))


def services(h: Home) -> None:
    h.put(
        ".sentryclirc",
        f"[auth]\ntoken=sntryu_{(a := t.hexs(64))}\n\n[defaults]\norg=corp-sentry\nurl=https://sentry.io/\n",
    )
    h.row("T3.sentry", ("corp-sentry", "sentry.io"), ".sentryclirc", secret=a)
    h.put(".dogrc", f"[Connection]\napikey = {(a := t.hexs(32))}\nappkey = {(b := t.hexs(40))}\n")
    h.row("T3.dogrc", ".dogrc", ("apikey", "api-key"), secret=a)
    h.row("T3.dogrc-app", ".dogrc", ("appkey", "app-key"), secret=b)
    h.put(
        ".newrelic/credentials.json",
        {"default": {"apiKey": "NRAK-" + (a := t.upper(27)), "region": "EU", "accountID": 4455667}},
    )
    h.row("T3.newrelic", "4455667", secret=a)
    h.put(".config/configstore/snyk.json", {"api": (a := t.uuid()), "org": "corp-snyk"})
    h.row("T3.snyk", "snyk.json", secret=a)
    h.put(".config/gitguardian/auth_config.yaml", f"instances:\n- name: null\n  url: https://dashboard.gitguardian.com\n  accounts:\n  - workspace_id: 8899\n    token: {(a := t.hexs(71))}\n    token_name: ggshield-laptop\n    type: pat\n    expire_at: null\n") if not h.windows else h.put("AppData/Local/GitGuardian/ggshield/auth_config.yaml", f"instances:\n- name: null\n  url: https://dashboard.gitguardian.com\n  accounts:\n  - workspace_id: 8899\n    token: {(a := t.hexs(71))}\n    token_name: ggshield-laptop\n    type: pat\n    expire_at: null\n")  # fmt: skip
    if not h.macos:
        h.row("T3.ggshield", ("ggshield-laptop", "8899"), secret=a)
    h.put(
        ".doppler/.doppler.yaml",
        f"scoped:\n    /:\n        token: dp.ct.{(a := t.pick(40))}\n        api-host: https://api.doppler.com\n",
    )
    h.row("T3.doppler", ".doppler.yaml", secret=a)
    h.put(".config/planetscale/access-token", "pscale_oauth_" + (a := t.pick(43)))
    h.row("T3.planetscale", "planetscale/access-token", secret=a)
    h.put(
        ".config/neonctl/credentials.json",
        {
            "access_token": "neo_at_" + (a := t.pick(60)),
            "refresh_token": "neo_rt_" + (b := t.pick(60)),
            "expires_at": t.epoch(t.AHEAD) * 1000,
            "user_id": "neon-user-1",
            "scope": "x",
        },
    )
    h.row("T3.neon", ("neon-user-1", "neonctl"), secret=(a, b))
    h.put(
        "{support}/turso/settings.json",
        {"token": (a := t.jwt(id="turso-1", exp=t.epoch(t.AHEAD)))[0], "username": "ada-turso"},
    )
    h.row("T3.turso", ("ada-turso", "turso"), secret=a[1])
    h.put(
        "{support}/atlascli/config.toml",
        f'[default]\n  org_id = "5f0org"\n  private_api_key = "{(a := t.uuid())}"\n  public_api_key = "atlaspub"\n',
    )
    h.row("T3.atlas", "atlaspub", secret=a)
    h.put(
        ".influxdbv2/configs",
        f'[default]\n  url = "https://influx.corp.example"\n  token = "{(a := t.b64(64))}"\n  org = "corp-influx"\n  active = true\n',
    )
    h.row("T3.influx", ("influx.corp.example", "corp-influx"), secret=a)
    h.put(
        ".config/configstore/firebase-tools.json",
        {
            "user": {"email": "ada.fire@corp.example"},
            "tokens": {
                "access_token": t.google_access(),
                "refresh_token": (a := t.google_refresh()),
                "expires_at": t.epoch(t.PAST) * 1000,
                "scopes": ["email"],
            },
        },
    )
    h.row("T3.firebase", "ada.fire@corp.example", secret=a)
    h.put(".config/configstore/acme-tool.json", {"auth": {"accessToken": (a := t.pick(40))}})
    h.row("T3.configstore", "acme-tool.json", secret=a)
    key_id = t.upper(10)
    pair = keys.Pair("asc")
    h.put(f".appstoreconnect/private_keys/AuthKey_{key_id}.p8", pair.private())
    h.row("T3.appstoreconnect", key_id, secret=pair.secret)
    h.put(
        "src/droid/keystore.properties",
        f"storeFile=../upload.jks\nstorePassword={(a := t.pick(16))}\nkeyAlias=upload\nkeyPassword={(b := t.pick(16))}\n",
    )
    h.row("T3.keystore-properties", "keystore.properties", "storePassword", secret=a)
    h.put(
        ".expo/state.json",
        {
            "auth": {
                "sessionSecret": (a := json.dumps({"id": t.uuid(), "version": 1, "expires_at": t.epoch(t.AHEAD)})),
                "userId": "x",
                "username": "ada-expo",
                "currentConnection": "Username-Password-Authentication",
            }
        },
    )
    h.row("T3.expo", "ada-expo")
    h.put(
        ".twilio-cli/config.json",
        {
            "userDisplayName": "x",
            "activeProject": "corp",
            "projects": [],
            "profiles": {
                "corp": {
                    "accountSid": (ac := "AC" + t.hexs(32)),
                    "apiKey": (sk := "SK" + t.hexs(32)),
                    "apiSecret": (a := t.pick(32)),
                }
            },
        },
    )
    h.row("T3.twilio", (sk, ac), secret=a)
    h.put(".config/sanity/config.json", {"authToken": "sk" + (a := t.pick(80)), "authType": "normal"})
    h.row("T3.sanity", "sanity/config.json", secret=a)
    h.put(".apify/auth.json", {"username": "ada-apify", "id": t.pick(17), "token": "apify_api_" + (a := t.pick(36))})
    h.row("T3.apify", ("ada-apify", ".apify"), secret=a)
    h.put(".convex/config.json", {"accessToken": (a := t.pick(60))})
    h.row("T3.convex", ".convex/config.json", secret=a)
    h.put(
        ".modal.toml",
        f'[corp]\ntoken_id = "ak-{(i := t.pick(22))}"\ntoken_secret = "as-{(a := t.pick(22))}"\nactive = true\n',
    )
    h.row("T3.modal", i, secret=a)
    h.put(".runpod/config.toml", f'[default]\napi_key = "rpa_{(a := t.upper(42))}"\n')
    h.row("T3.runpod", ".runpod/config.toml", secret=a)
    h.put(
        ".prefect/profiles.toml",
        f'active = "cloud"\n\n[profiles.cloud]\nPREFECT_API_KEY = "pnu_{(a := t.pick(36))}"\nPREFECT_API_URL = "https://api.prefect.cloud/api/accounts/x"\n',
    )
    h.row("T3.prefect", "api.prefect.cloud", secret=a)
    h.put(
        ".dbt/profiles.yml",
        f"corp:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      host: dbt.corp.example\n      user: ada_dbt\n      password: {(a := t.pick(18))}\n      port: 5432\n",
    )
    h.row("T3.dbt", "dbt.corp.example", "ada_dbt", secret=a)
    h.put(
        "airflow/airflow.cfg",
        f"[core]\nfernet_key = {(a := t.b64(32).replace('+', '-').replace('/', '_'))}\n[database]\nsql_alchemy_conn = postgresql+psycopg2://ada_air:{(b := t.pick(16))}@air.corp.example/airflow\n",
    )
    h.row("T3.airflow", "airflow.cfg", "fernet", secret=a)
    h.row("T3.airflow-db", "ada_air", "air.corp.example", secret=b)
    h.put(
        ".config/argocd/config",
        f"contexts:\n- name: argo.corp.example\n  server: argo.corp.example\n  user: argo.corp.example\ncurrent-context: argo.corp.example\nservers:\n- server: argo.corp.example\nusers:\n- auth-token: {(a := t.jwt(jti=(j := t.uuid()), sub='admin:login', exp=t.epoch(t.AHEAD), iss='argocd'))[0]}\n  name: argo.corp.example\n",
    )
    h.row("T3.argocd", "argo.corp.example", j, secret=a[1])
    h.put(
        ".rancher/cli2.json",
        {
            "Servers": {
                "rancherDefault": {
                    "accessKey": "token-abc12",
                    "secretKey": (a := t.lower(54)),
                    "tokenKey": "token-abc12:" + a,
                    "url": "https://rancher.corp.example",
                    "project": "x",
                }
            },
            "CurrentServer": "rancherDefault",
        },
    )
    h.row("T3.rancher", "token-abc12", secret=a)
    h.put(
        "{prefs}/helm/repositories.yaml",
        f"apiVersion: ''\nrepositories:\n- name: corpcharts\n  url: https://charts.corp.example\n  username: ada-charts\n  password: {(a := t.pick(18))}\n",
    )
    h.row("T3.helm-repo", "ada-charts", "charts.corp.example", secret=a)
    talos = keys.Pair("talos-admin")
    b = base64.b64encode
    h.put(
        ".talos/config",
        f"context: corp\ncontexts:\n    corp:\n        endpoints: [talos.corp.example]\n        ca: {b(talos.pem.encode()).decode()}\n        crt: {b(talos.pem.encode()).decode()}\n        key: {b(talos.private().encode()).decode()}\n",
    )
    h.row("T3.talos", talos.want, secret=talos.secret)
    h.put(
        ".config/coderv2/session"
        if h.linux
        else ("Library/Application Support/coderv2/session" if h.macos else "AppData/Roaming/coderv2/session"),
        f"{(i := t.pick(10))}-{(a := t.pick(22))}",
    )
    h.row("T3.coder", i, secret=a)
    h.put(
        ".config/hcp/creds-cache.json",
        {
            "login": {
                "access_token": (a := t.jwt(sub="hcp", exp=t.epoch(t.later(hours=1))))[0],
                "refresh_token": (c := t.pick(60)),
                "access_token_expiry": t.iso(t.later(hours=1)),
            }
        },
    )
    h.row("T3.hcp", "creds-cache.json", secret=(a[1], c))


def mail_and_files(h: Home) -> None:
    h.put(
        ".muttrc",
        f'set imap_user = "ada@mutt.example"\nset imap_pass = "{(a := t.pick(16))}"\nset folder = "imaps://imap.mutt.example"\n',
    )
    h.row("T3.mutt", "ada@mutt.example", secret=a)
    h.put(".msmtprc", f"account corp\nhost smtp.msmtp.example\nuser ada-msmtp\npassword {(a := t.pick(16))}\n")
    h.row("T3.msmtp", "smtp.msmtp.example", "ada-msmtp", secret=a)
    h.put(".mbsyncrc", f"IMAPAccount corp\nHost imap.mbsync.example\nUser ada-mbsync\nPass {(a := t.pick(16))}\n")
    h.row("T3.mbsync", "imap.mbsync.example", "ada-mbsync", secret=a)
    purple = "AppData/Roaming/.purple" if h.windows else ".purple"
    h.put(
        f"{purple}/accounts.xml",
        f"<?xml version='1.0' encoding='UTF-8' ?>\n<account version='1.0'><account><protocol>prpl-jabber</protocol><name>ada@jabber.example/</name><password>{(a := t.pick(16))}</password></account></account>\n",
    )
    h.row("T3.pidgin", "ada@jabber.example", secret=a)
    h.put(
        h.pick(
            ".config/syncthing/config.xml",
            "Library/Application Support/Syncthing/config.xml",
            "AppData/Local/Syncthing/config.xml",
        ),
        f'<configuration version="37"><gui enabled="true" tls="false"><address>127.0.0.1:8384</address><apikey>{(a := t.pick(32))}</apikey></gui></configuration>\n',
    )
    h.row("T3.syncthing", "yncthing/config.xml", "apikey", secret=a)
    h.put(".config/solana/id.json", json.dumps(list(t.raw(64))))
    h.row("T3.solana", "solana/id.json")
    h.put(
        ".ethereum/keystore/UTC--2026-01-01T00-00-00Z--" + (a := t.hexs(40)),
        {
            "address": a,
            "crypto": {"cipher": "aes-128-ctr", "ciphertext": t.hexs(64), "kdf": "scrypt", "mac": t.hexs(64)},
            "id": t.uuid(),
            "version": 3,
        },
    )
    if h.linux:
        h.row("T3.ethereum", a)
    h.put(
        "keys/cosign.key",
        f"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{t.b64(300)}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    )
    h.row("T3.cosign", "cosign.key")
    h.put(
        "Downloads/ada_accessKeys.csv", f"\ufeffAccess key ID,Secret access key\r\n{(k := t.aws_key())[0]},{k[1]}\r\n"
    )
    h.row("T3.aws-csv", k[0], secret=k[1])
    h.put(
        "Downloads/credentials.csv",
        f"User name,Password,Access key ID,Secret access key,Console login link\nada-iam,,{(k := t.aws_key())[0]},{k[1]},https://210987654321.signin.aws.amazon.com/console\n",
    )
    h.row("T3.aws-csv-old", k[0], secret=k[1])
    client = f"{t.digits(12)}-{t.lower(32)}.apps.googleusercontent.com"
    h.put(
        f"Downloads/client_secret_{client}.json",
        {
            "installed": {
                "client_id": client,
                "project_id": "corp",
                "client_secret": "GOCSPX-" + (a := t.pick(28)),
                "redirect_uris": ["http://localhost"],
            }
        },
    )
    h.row("T3.google-client", client, secret=a)
    h.put(
        "Downloads/Chrome Passwords.csv",
        f"name,url,username,password,note\nsite,https://csv.site.example/,ada-csv,{(a := t.pick(16))},\n",
    )
    h.row("T3.chrome-csv", ("csv.site.example", "Chrome Passwords.csv"), secret=a)
    h.put(
        "Downloads/bitwarden_export_20261101.json",
        {
            "encrypted": False,
            "folders": [],
            "items": [
                {
                    "id": t.uuid(),
                    "name": "prod",
                    "type": 1,
                    "login": {
                        "uris": [{"uri": "https://bwexport.site.example"}],
                        "username": "ada-bwx",
                        "password": (a := t.pick(16)),
                        "totp": None,
                    },
                }
            ],
        },
    )
    h.row("T3.bitwarden-export", ("bwexport.site.example", "bitwarden_export"), secret=a)
    h.put("Downloads/github-recovery-codes.txt", "\n".join(f"{t.hexs(5)}-{t.hexs(5)}" for _ in range(16)) + "\n")
    h.row("T3.recovery-codes", "github-recovery-codes.txt")
    h.put(
        "Downloads/kubeconfig-prod.yaml",
        f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: https://dl.k8s.example}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: dl-user}}}}]\nusers:\n- name: dl-user\n  user: {{token: {(a := t.pick(40))}}}\n",
    )
    h.row("T3.kubeconfig-download", "dl-user", secret=a)
    h.put(
        "Documents/notes.md",
        f"# prod\n\nthe github bot: {(a := t.github())}\n\ndb: postgres://ada_notes:{(b := t.pick(16))}@notes.corp.example/app\n",
    )
    h.row("T3.notes", "notes.md", "github", secret=a)
    h.row("T3.notes-url", "ada_notes", "notes.corp.example", secret=b)
    h.put("Desktop/todo.txt", f"stripe key sk_live_{(a := t.pick(60))}\r\n")
    h.row("T3.desktop-note", "todo.txt", "stripe", secret=a)
    h.put("src/app/.config.py.swp", b"b0VIM 9.0" + b"\0" * 100 + f"TOKEN='{(a := t.github())}'".encode() + b"\0" * 200)
    h.row("T3.vim-swap", ".swp", "github", secret=a)
    h.put("src/app/settings.yaml~", f"gitlab_token: {(a := t.gitlab())}\n")
    h.row("T3.backup-tilde", "settings.yaml~", "gitlab", secret=a)
    h.put("src/app/.env.bak", f"OPENAI_API_KEY={(a := t.openai())}\n")
    h.row("T3.env-bak", ".env.bak", "openai", secret=a)
    h.put(
        "Downloads/site.har",
        {
            "log": {
                "version": "1.2",
                "entries": [
                    {
                        "request": {
                            "method": "GET",
                            "url": "https://api.har.example/x",
                            "headers": [{"name": "Authorization", "value": "Bearer " + (a := t.github())}],
                        }
                    }
                ],
            }
        },
    )
    h.row("T3.har", "site.har", secret=a)
    h.put(
        ".npm/_logs/2026-11-20T10_00_00_000Z-debug-0.log",
        f"0 verbose cli npm publish --//registry.npmjs.org/:_authToken={(a := t.checked('npm'))}\n",
    )
    h.row("T3.npm-log", "_logs", "npm", secret=a)
    h.put(
        h.pick(
            ".config/sublime-text/Local/Session.sublime_session",
            "Library/Application Support/Sublime Text/Local/Session.sublime_session",
            "AppData/Roaming/Sublime Text/Local/Session.sublime_session",
        ),
        {"windows": [{"buffers": [{"contents": f"token {(a := t.slack_bot())}\n", "settings": {}}]}]},
    )
    h.row("T3.sublime", "sublime_session", "slack", secret=a[-24:])
    if h.linux:
        h.put(
            "/etc/shadow",
            "root:$y$j9T$abcdefghijk$"
            + (a := t.pick(43))
            + ":20000:0:99999:7:::\nada:$6$saltsaltsalt$"
            + (b := t.pick(86))
            + ":20100:0:99999:7:::\n",
        )
        h.row("T3.shadow", "etc/shadow", "ada", secret=b)
        h.put(
            "/etc/sssd/sssd.conf",
            f"[domain/corp]\nid_provider = ldap\nldap_uri = ldaps://ldap.corp.example\nldap_default_bind_dn = cn=svc-sssd,dc=corp\nldap_default_authtok = {(a := t.pick(18))}\n",
        )
        h.row("T3.sssd", ("cn=svc-sssd,dc=corp", "ldap.corp.example"), secret=a)
        h.put("/etc/samba/corp.creds", f"username=ada-smb\npassword={(a := t.pick(16))}\ndomain=CORP\n")
        h.row("T3.samba", "ada-smb", secret=a)
        h.put(
            "/etc/wpa_supplicant/wpa_supplicant.conf",
            f'network={{\n  ssid="HomeNet"\n  psk="{(a := t.pick(16))}"\n}}\n',
        )
        h.row("T3.wpa", "HomeNet", secret=a)
        h.put(
            "/root/.aws/credentials",
            f"[default]\naws_access_key_id = {(k := t.aws_key())[0]}\naws_secret_access_key = {k[1]}\n",
        )
        h.row("T3.root-home", k[0], secret=k[1])
        h.put(
            "/tmp/kubeconfig-tmp",
            f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: https://tmp.k8s.example}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: tmp-user}}}}]\nusers:\n- name: tmp-user\n  user: {{token: {(a := t.pick(40))}}}\n",
        )
        h.row("T3.tmp-kubeconfig", "tmp-user", secret=a)
        h.put(
            "snap/aws-cli/current/.aws/credentials",
            f"[snap]\naws_access_key_id = {(k := t.aws_key())[0]}\naws_secret_access_key = {k[1]}\n",
        )
        h.row("T3.snap", k[0], secret=k[1])
        h.put(
            ".var/app/org.filezillaproject.Filezilla/config/filezilla/sitemanager.xml",
            f'<FileZilla3><Servers><Server><Host>flat.corp.example</Host><User>ada-flat</User><Pass encoding="base64">{base64.b64encode((a := t.pick(16)).encode()).decode()}</Pass></Server></Servers></FileZilla3>\n',
        )
        h.row("T3.flatpak", "flat.corp.example", secret=a)
    if h.windows:
        h.put(
            "/Windows/Panther/unattend.xml",
            f'<?xml version="1.0" encoding="utf-8"?><unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="oobeSystem"><component name="Microsoft-Windows-Shell-Setup"><AutoLogon><Username>setup-admin</Username><Password><Value>{(a := t.pick(16))}</Value><PlainText>true</PlainText></Password></AutoLogon></component></settings></unattend>',
        )
        h.row("T3.unattend", "setup-admin", secret=a)
        h.put(
            "/ProgramData/Microsoft/Wlansvc/Profiles/Interfaces/{" + t.uuid() + "}/{" + t.uuid() + "}.xml",
            f'<?xml version="1.0"?><WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>WinNet</name><SSIDConfig><SSID><name>WinNet</name></SSID></SSIDConfig><MSM><security><sharedKey><keyType>passPhrase</keyType><protected>true</protected><keyMaterial>01000000D08C9DDF{t.hexs(100).upper()}</keyMaterial></sharedKey></security></MSM></WLANProfile>',
        )
        h.row("T3.wlan", "WinNet")
        h.put(
            "AppData/Local/Packages/Corp.Tool_abc/LocalCache/Roaming/GitHub CLI/hosts.yml",
            f"github.com:\n    user: ada-msix\n    oauth_token: {(a := t.checked('gho'))}\n",
        )
        h.row("T3.msix", "ada-msix", secret=a)
        h.put(
            "AppData/Local/Packages/Microsoft.WindowsNotepad_8wekyb3d8bbwe/LocalState/TabState/" + t.uuid() + ".bin",
            b"NP\0\1" + f"my token {(a := t.github())}\r\n".encode("utf-16-le") + b"\0\0",
        )
        h.row("T3.notepad", "TabState", "github", secret=a)


ROWS = (assistants, services, mail_and_files)
