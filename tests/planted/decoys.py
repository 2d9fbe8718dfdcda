"""Homes that hold nothing: what looks like a credential and is none. Nothing in them may be counted."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home

AWS_DOC = ("AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY")
AZURITE = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/" + "K1SZFPTOtr/KBHBeksoGMGw=="
JWT_IO = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)


def documentation(h: Home) -> None:
    h.put(
        ".aws/credentials",
        f"[default]\naws_access_key_id = {AWS_DOC[0]}\naws_secret_access_key = {AWS_DOC[1]}\n\n[localstack]\naws_access_key_id = test\naws_secret_access_key = test\n\n[empty]\naws_access_key_id =\naws_secret_access_key =\n\n[mine]\naws_access_key_id = YOUR_ACCESS_KEY\naws_secret_access_key = <your-secret-key>\n",
    )
    h.put("src/app/.env", f"AWS_ACCESS_KEY_ID={AWS_DOC[0]}\nAWS_SECRET_ACCESS_KEY={AWS_DOC[1]}\nSTRIPE_KEY=sk_test_4eC39H" + "qLyjWDarjtT1zdp7dc\nGITHUB_TOKEN=${GITHUB_TOKEN}\nAPI_KEY=changeme\nSECRET=<replace-me>\nTOKEN={{ vault_token }}\nDB_PASSWORD=xxxxxxxx\nPASS=$(pass show x)\n"
          f"AZ=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURITE};\nJWT={JWT_IO}\nOPENAI_API_KEY=sk-your-key-here\nOP=op://Private/GitHub/token\nARN=arn:aws:secretsmanager:eu-west-1:1:secret:x\nPUB=pk_live_{t.pick(24)}\nDEBUG=true\nPORT=8080\n")  # fmt: skip
    for name in (".env.example", ".env.sample", ".env.template"):
        h.put(
            f"src/app/{name}",
            "DATABASE_URL=postgres://user:password@localhost:5432/app\nSECRET_KEY=your-secret-key\nSMTP_PASSWORD=changeme\nAPI_TOKEN=\n",
        )
    h.put(
        "src/app/README.md",
        f"# Set up\n\n    export AWS_ACCESS_KEY_ID={AWS_DOC[0]}\n    curl -H 'Authorization: Bearer <token>' https://api.example.com\n    docker login -u user -p password registry.example.com\n    psql postgres://postgres:postgres@localhost/app\n",
    )
    h.put(
        "src/app/docker-compose.yml",
        "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-postgres}\n      POSTGRES_USER: postgres\n",
    )


def residue(h: Home) -> None:
    h.put(".docker/config.json", {"auths": {"https://index.docker.io/v1/": {}}, "credsStore": "desktop"})
    h.put("{config}/gh/hosts.yml", "github.com:\n    git_protocol: https\n")
    h.put(".config/containers/auth.json", {"auths": {}})
    h.put(
        ".azure/msal_token_cache.json",
        {"AccessToken": {}, "RefreshToken": {}, "IdToken": {}, "Account": {}, "AppMetadata": {}},
    )
    h.put(".azure/azureProfile.json", "\ufeff" + json.dumps({"subscriptions": []}))
    h.put(".azure/service_principal_entries.json", "[]")
    h.put(
        ".npmrc",
        "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n//npm.x.example/:_authToken=\nregistry=https://registry.npmjs.org/\n",
    )
    h.put(".vault-token", "")
    h.put(".git-credentials", "https://ada@github.com\n")
    h.put(".codex/auth.json", {"OPENAI_API_KEY": None})
    h.put(
        ".claude.json",
        {
            "numStartups": 1,
            "mcpServers": {"x": {"command": "npx", "args": ["-y", "pkg"], "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}}},
        },
    )
    h.put(
        ".cursor/mcp.json",
        {"mcpServers": {"gh": {"command": "npx", "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "<YOUR_TOKEN>"}}}},
    )
    h.put(
        "{code}/User/mcp.json",
        {
            "servers": {"x": {"url": "https://x.example", "headers": {"Authorization": "Bearer ${input:token}"}}},
            "inputs": [{"id": "token", "type": "promptString", "password": True}],
        },
    )
    h.put(".kube/config", "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n")
    h.put(".netrc", "")
    h.put(".terraform.d/credentials.tfrc.json", {"credentials": {}})
    h.put(".pypirc", "[distutils]\nindex-servers = pypi\n\n[pypi]\nusername = __token__\n")
    h.put(
        ".m2/settings.xml",
        "<settings><servers><server><id>x</id><username>${env.USER}</username><password>${env.TOKEN}</password></server></servers></settings>",
    )
    h.put(".gradle/gradle.properties", "org.gradle.jvmargs=-Xmx2g\norg.gradle.parallel=true\n")
    h.put(".cargo/config.toml", "[build]\njobs = 2\n")
    h.put(
        ".config/stripe/config.toml",
        'color = ""\n[default]\naccount_id = "acct_1"\nlive_mode_api_key = "rk_live_*********abcd"\ntest_mode_pub_key = "pk_test_'
        + t.pick(40)
        + '"\n',
    )


def public(h: Home) -> None:
    pair = keys.Pair("public-only")
    ca, _ = keys.authority("Example Device CA")
    h.put("Documents/ca-bundle.crt", ca.public_bytes(keys.serialization.Encoding.PEM))
    h.put("Documents/site.pem", ca.public_bytes(keys.serialization.Encoding.PEM))
    h.put(
        "Documents/pub.pem",
        pair.key.public_key().public_bytes(
            keys.serialization.Encoding.PEM, keys.serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )
    blob = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + t.raw(32)).decode()
    h.put(".ssh/id_ed25519.pub", f"ssh-ed25519 {blob} ada@laptop\n")
    h.put(".ssh/known_hosts", f"github.com ssh-ed25519 {blob}\n")
    h.put(".ssh/config", "Host *\n  ServerAliveInterval 60\n")
    h.put(
        "src/web/src/firebase.js",
        f'const firebaseConfig = {{ apiKey: "AIza{t.pick(35)}", authDomain: "x.firebaseapp.com", projectId: "x" }};\n',
    )
    h.put("src/app/recipients.txt", "age1" + t.pick(58, "qpzry9x8gf2tvdw0s3jn54khce6mua7l") + "\n")


def corpora(h: Home) -> None:
    h.put(
        "src/tools/gitleaks.toml",
        "[[rules]]\nid = \"github-pat\"\nregex = '''ghp_[0-9a-zA-Z]{36}'''\n[[rules]]\nid='aws'\nregex='''AKIA[0-9A-Z]{16}'''\n[rules.allowlist]\nregexes=['''ghp_"
        + "a" * 36
        + "''']\n",
    )
    h.put(
        "src/tools/.secrets.baseline",
        {
            "version": "1.5.0",
            "results": {
                "x.py": [{"type": "Secret Keyword", "filename": "x.py", "hashed_secret": t.hexs(40), "line_number": 3}]
            },
        },
    )
    h.put("src/tools/.gitleaksignore", f"{t.hexs(40)}:a.py:github-pat:3\n")
    h.put(
        "src/tools/rules.yar",
        'rule pat { strings: $a = /ghp_[A-Za-z0-9]{36}/ $b = "-----BEGIN RSA PRIVATE KEY-----" condition: any of them }\n',
    )
    lock = {
        f"node_modules/p{n}": {
            "version": "1.0.0",
            "resolved": f"https://registry.npmjs.org/p{n}/-/p{n}-1.0.0.tgz",
            "integrity": "sha512-" + t.b64(64),
        }
        for n in range(40)
    }
    h.put("src/web/package-lock.json", {"name": "x", "lockfileVersion": 3, "packages": lock})
    h.put(
        "src/web/yarn.lock",
        "".join(
            f'"p{n}@^1":\n  version "1.0.0"\n  resolved "https://r.example/p-{n}.tgz#{t.hexs(40)}"\n  integrity sha512-{t.b64(64)}\n'
            for n in range(20)
        ),
    )
    h.put(
        "src/app/poetry.lock",
        "".join(
            f'[[package]]\nname = "p{n}"\nfiles = [\n    {{file = "p.whl", hash = "sha256:{t.hexs(64)}"}},\n]\n'
            for n in range(20)
        ),
    )
    h.put(
        "src/app/Cargo.lock",
        "".join(f'[[package]]\nname = "c{n}"\nversion = "1.0.0"\nchecksum = "{t.hexs(64)}"\n' for n in range(20)),
    )
    h.put("src/app/go.sum", "".join(f"example.com/m{n} v1.0.0 h1:{t.b64(32)}\n" for n in range(20)))
    h.put("src/app/SHA256SUMS", "".join(f"{t.hexs(64)}  file{n}.tar.gz\n" for n in range(10)))
    h.put(
        "src/web/dist/app.min.js",
        "!function(e,t){var n={};"
        + ";".join(f'n.{t.letters(3)}="{t.pick(22)}"' for _ in range(200))
        + ";var token=e.getToken(),password=t.password||null;}(window,{});\n",
    )
    h.put(
        "src/web/dist/app.min.js.map",
        {"version": 3, "sources": ["a.js"], "mappings": ";".join(t.pick(4) for _ in range(400))},
    )
    h.put("src/web/logo.css", f".l{{background:url(data:image/png;base64,{t.b64(600)})}}\n")
    h.put("src/app/tests/fixtures/id_rsa_test.txt", "placeholder\n")
    h.put("src/app/.git/packed-refs", "".join(f"{t.hexs(40)} refs/tags/v{n}\n" for n in range(20)))
    h.put(
        "src/app/.git/config",
        '[remote "origin"]\n\turl = https://github.com/corp/app.git\n[remote "ssh"]\n\turl = git@github.com:corp/app.git\n',
    )
    h.put("src/app/.git/FETCH_HEAD", f"{t.hexs(40)}\t\tbranch 'main' of https://github.com/corp/app\n")
    h.put(
        "src/nb/clean.ipynb",
        {
            "cells": [
                {
                    "cell_type": "code",
                    "source": ["token = os.environ['TOKEN']\n", "password = getpass.getpass()\n"],
                    "outputs": [{"output_type": "display_data", "data": {"image/png": t.b64(900)}}],
                    "metadata": {"id": t.pick(12)},
                }
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
    )


def texts(h: Home) -> None:
    h.put(
        ".bash_history",
        f"cd src\ngit commit -m 'rotate token'\ngit checkout {t.hexs(40)}\ndocker pull app@sha256:{t.hexs(64)}\nexport GITHUB_TOKEN=$(gh auth token)\nexport TOKEN=$1\ncurl -H \"Authorization: Bearer $TOKEN\" https://api.example.com\nkubectl get secret app-password -o yaml\nssh-keygen -t ed25519 -C ada@laptop\naws s3 ls --profile prod\nmysql -u root -p app\npsql -U postgres -h localhost\ndocker login -u ada --password-stdin\nvault login -method=oidc\nread -s PASSWORD\npip install --index-url https://pypi.corp.example/simple x\ngit clone https://github.com/corp/app.git\necho $AWS_SECRET_ACCESS_KEY | wc -c\n",
    )
    h.put(
        ".zsh_history",
        ": 1764000000:0;export OPENAI_API_KEY=`op read op://Private/openai/key`\n: 1764000001:0;gcloud auth login\n: 1764000002:0;htpasswd -n ada\n",
    )
    h.put(
        ".bashrc",
        'export PATH="$HOME/bin:$PATH"\nexport EDITOR=vim\nexport GPG_TTY=$(tty)\nexport HISTCONTROL=ignoreboth\nexport GITHUB_TOKEN="$(pass show github)"\nexport SSH_AUTH_SOCK="$XDG_RUNTIME_DIR/ssh-agent"\nexport NVM_DIR="$HOME/.nvm"\n# export API_KEY=put-your-key-here\nexport LS_COLORS="di=1;34:ln=35"\nexport AWS_PROFILE=prod\nexport KUBECONFIG="$HOME/.kube/config"\n',
    )
    h.put("{xdg}/fish/config.fish", "set -gx EDITOR vim\nset -gx TOKEN (op read op://x/y/z)\n")
    h.put(
        "src/app/main.py",
        "import os\n\nTOKEN = os.environ['TOKEN']\npassword = getpass()\nSECRET_KEY = os.getenv('SECRET_KEY', 'dev')\n\ndef login(user, password):\n    return session.post(URL, json={'password': password})\n",
    )
    h.put(
        "src/app/settings.py",
        "SECRET_KEY = env('SECRET_KEY')\nDATABASES = {'default': {'PASSWORD': os.environ['DB_PASSWORD']}}\n",
    )
    h.put(
        "src/infra/main.tf",
        'resource "aws_db_instance" "x" {\n  password = var.db_password\n}\nvariable "db_password" { sensitive = true }\n',
    )
    h.put("src/infra/dev.tfvars", 'region = "eu-west-1"\ninstance_type = "t3.micro"\n')
    h.put(
        "src/infra/terraform.tfstate",
        {"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": t.uuid(), "outputs": {}, "resources": []},
    )
    h.put(
        "src/k8s/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n  password: ${DB_PASSWORD}\n",
    )
    h.put(
        "src/k8s/sealed.yaml",
        f"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: Ag{t.b64(200)}\n",
    )
    h.put(
        "src/ans/group_vars/all/vault.yml",
        "$ANSIBLE_VAULT;1.1;AES256\n" + "\n".join(t.hexs(80) for _ in range(5)) + "\n",
    )
    h.put(
        "src/app/secrets.enc.yaml",
        f"db_password: ENC[AES256_GCM,data:{t.b64(12)},iv:{t.b64(32)},tag:{t.b64(16)},type:str]\nsops:\n  age: []\n  version: 3.9.0\n",
    )
    h.put(
        "src/app/appsettings.json",
        {
            "ConnectionStrings": {"Main": "Server=(localdb)\\mssqllocaldb;Database=app;Trusted_Connection=True"},
            "Logging": {"LogLevel": {"Default": "Information"}},
            "Jwt": {"Secret": ""},
        },
    )
    h.put("src/app/application.yml", "spring:\n  datasource:\n    password: ${DB_PASSWORD}\n    username: ${DB_USER}\n")
    h.put(
        "{code}/User/settings.json",
        '{\n  // x\n  "editor.fontSize": 12,\n  "workbench.colorTheme": "Default Dark",\n  "github.copilot.enable": {"*": true},\n}\n',
    )
    h.put(
        "Documents/notes.md",
        f"# Notes\n\n- Rotate the passwords on Friday.\n- Commit {t.hexs(40)}\n- Ticket id {t.uuid()}\n- password: ask Bob\n- the api key lives in 1Password\n",
    )
    h.put("Documents/todo.txt", "buy milk\nreset password for Bob\n")
    h.put("Downloads/report.csv", "name,url,amount\na,https://x.example/,3\n")
    h.put("Downloads/data.json", {"type": "FeatureCollection", "id": t.uuid(), "digest": t.hexs(64)})
    h.put(
        ".npm/_logs/2026-01-01T00_00_00_000Z-debug-0.log",
        f"0 verbose cli /usr/bin/node\n1 http fetch GET 200 https://registry.npmjs.org/x 12ms\n2 silly integrity sha512-{t.b64(64)}\n",
    )
    h.put("{xdg}/configstore/update-notifier-npm.json", {"optOut": False, "lastUpdateCheck": 1764000000000})
    h.put(".gnupg/pubring.kbx", b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0\0\0" + b"\0" * 16)
    h.put(
        ".claude/settings.json",
        {
            "model": "opus",
            "apiKeyHelper": "op read op://x",
            "env": {"FOO": "bar", "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "32000"},
        },
    )
    h.put(
        ".claude/projects/-x/" + t.uuid() + ".jsonl",
        json.dumps(
            {
                "type": "user",
                "uuid": t.uuid(),
                "sessionId": t.uuid(),
                "message": {
                    "role": "user",
                    "content": "set the password variable from $DB_PASSWORD, token=abc123 is an example",
                },
                "signature": "x",
            }
        )
        + "\n"
        + json.dumps(
            {
                "type": "assistant",
                "requestId": "req_" + t.pick(24),
                "message": {
                    "id": "msg_" + t.pick(24),
                    "content": [
                        {"type": "thinking", "thinking": "x", "signature": t.b64(200)},
                        {
                            "type": "tool_use",
                            "id": "toolu_" + t.pick(24),
                            "name": "Bash",
                            "input": {"command": "echo $TOKEN"},
                        },
                    ],
                },
            }
        )
        + "\n",
    )
    h.put(
        "{firefox}/a.default/prefs.js",
        'user_pref("app.installation.timestamp", "133");\nuser_pref("toolkit.telemetry.cachedClientID", "'
        + t.uuid()
        + '");\n',
    )
    h.put(
        ".config/app/state.json",
        {"sha256": hashlib.sha256(b"x").hexdigest(), "session_id": t.uuid(), "tokens_used": 1234, "csrf": None},
    )


def references(h: Home) -> None:
    """What a build ships to everybody, what names a secret kept elsewhere, and what other people's code would call a secret."""
    h.put(
        "src/page/.env",
        "NEXT_PUBLIC_FIREBASE_API_KEY=AIza" + t.pick(35) + "\nNEXT_PUBLIC_MAPBOX_TOKEN=pk.eyJ1IjoiYWRhIn0." + t.pick(22)
        + "\nNEXT_PUBLIC_ALGOLIA_SEARCH_KEY=" + t.hexs(32) + "\nVITE_SENTRY_DSN=https://" + t.hexs(32) + "@o1.ingest.sentry.example/1\nSESSION_SECRET=\n",
    )  # fmt: skip
    h.put(
        "src/infra/main.tf",
        'variable "db_password" {\n  default = ""\n}\nresource "aws_db_instance" "main" {\n  password = random_password.db.result\n}\n'
        'locals {\n  secret_name = "app-secret"\n  token_ttl = "24h"\n}\n',
    )
    h.put(
        "src/infra/terragrunt.hcl",
        'remote_state {\n  config = { key = "prod/terraform.tfstate" }\n}\ninputs = { api_key = "CHANGEME" }\n',
    )
    h.put(
        "src/deploy/secret.yaml",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{secretKey: password, remoteRef: {key: prod/app}}]}\n---\n"
        f"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {{encryptedData: {{password: {t.b64(120)}}}}}\n",
    )
    h.put(
        "src/charts/values-secret.yaml",
        "existingSecret: app-secret\nauth: {existingSecretPasswordKey: redis-password}\nenv: [{valueFrom: {secretKeyRef: {name: app, key: db-password-1}}}]\n",
    )
    h.put(
        "src/site/settings.py", 'SECRET_KEY_FALLBACK = "django-insecure-change-me"\nTOKEN_MODEL = "app.models.Token"\n'
    )
    h.put(
        "{code}/User/settings.json", {"files.associations": {"*.key": "plaintext"}, "cSpell.words": ["token", "passwd"]}
    )
    h.put(
        "src/web/web.config",
        '<configuration><connectionStrings><add name="d" connectionString="Data Source=.;Integrated Security=True"/>'
        '<add name="e" connectionString="Server=db;User Id=app;Password=#{DbPassword}#"/></connectionStrings></configuration>',
    )
    h.put(
        "src/web/appsettings.json", {"ConnectionStrings": {"Pg": "Host=localhost;Username=postgres;Password=postgres"}}
    )
    h.put("src/api/orders.http", 'Authorization: Bearer {{token}}\n\n{"password": "{{password}}"}\n')
    h.put(".cf/config.json", {"AccessToken": "", "RefreshToken": "", "Target": "https://api.cf.example"})
    h.put(".jfrog/jfrog-cli.conf.v6", {"servers": [], "version": "6"})
    h.put(".config/tea/config.yml", "logins: []\n")
    h.put(".kube/kind.yaml", {
        "clusters": [{"name": "kind-dev", "cluster": {"server": "https://127.0.0.1:43211"}}], "users": [{"name": "kind-dev", "user": {"token": t.pick(32)}}],
        "contexts": [{"name": "kind-dev", "context": {"cluster": "kind-dev", "user": "kind-dev"}}],
    })  # fmt: skip


def plant(os_name: str, root: Path) -> None:
    """Write the decoys of one system below a new folder."""
    home = Home(os=os_name, root=root)
    for group in (documentation, residue, public, corpora, texts, references):
        group(home)
