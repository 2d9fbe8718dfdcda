"""A home with secrets in free text, and one of decoys, made from a seed: no value is written down anywhere.

`planted(seed)` and `decoys(seed)` give files by path; the first also says which secret values lie in them.
"""

from __future__ import annotations

import base64
import json
import random
import string
import zlib

_B62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_HEX = "0123456789abcdef"


class Made:
    """Values of the forms that providers document, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, count: int, alphabet: str = _B62) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def crc(self, prefix: str) -> str:
        body = self.text(30)
        number, tail = zlib.crc32(body.encode()), ""
        while number:
            number, digit = divmod(number, 62)
            tail = _B62[digit] + tail
        return prefix + body + tail.rjust(6, "0")

    def aws(self) -> tuple[str, str]:
        return "AKIA" + self.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), self.text(40, _B62 + "/+")

    def jwt(self) -> str:
        parts = (
            {"alg": "RS256", "kid": self.text(8)},
            {"iss": "https://sso.example.com", "jti": self.text(12), "exp": 4102444800},
        )
        plain = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
        return ".".join([*plain, self.text(86, _B62 + "-_")])

    def password(self) -> str:
        return (
            self.text(4, string.ascii_uppercase)
            + "-"
            + self.text(9, string.ascii_lowercase + string.digits)
            + "!"
            + self.text(2, string.digits)
        )


def tokens(m: Made) -> dict[str, str]:
    return {
        "github": m.crc("ghp_"),
        "github-fine": f"github_pat_{m.text(22)}_{m.text(59)}",
        "github-oauth": m.crc("gho_"),
        "npm": m.crc("npm_"),
        "gitlab": "glpat-" + m.text(20),
        "slack": f"xoxb-{m.text(12, string.digits)}-{m.text(12, string.digits)}-{m.text(24)}",
        "stripe": "sk_live_" + m.text(24),
        "anthropic": f"sk-ant-api03-{m.text(93, _B62 + '-_')}AA",
        "openai": f"sk-proj-{m.text(74, _B62 + '_')}T3BlbkFJ{m.text(74, _B62 + '_')}",
        "hf": "hf_" + m.text(34, string.ascii_letters),
        "google": "AIza" + m.text(35, _B62 + "-_"),
        "sendgrid": f"SG.{m.text(22)}.{m.text(43)}",
        "vault": "hvs." + m.text(24),
        "databricks": "dapi" + m.text(32, _HEX),
        "digitalocean": "dop_v1_" + m.text(64, _HEX),
        "docker": "dckr_pat_" + m.text(27),
        "pulumi": "pul-" + m.text(40, _HEX),
        "postman": f"PMAK-{m.text(24, _HEX)}-{m.text(34, _HEX)}",
        "groq": "gsk_" + m.text(52),
        "linear": "lin_api_" + m.text(40),
        "jwt": m.jwt(),
        "doppler": "dp.pt." + m.text(43),
        "shopify": "shpat_" + m.text(32, _HEX),
        "tailscale": f"tskey-auth-{m.text(16)}-{m.text(32)}",
        "cf": m.text(40, _B62 + "-_"),
        "dd": m.text(32, _HEX),
    }


def planted(seed: int = 1) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return files by path, and the secret of each planted thing by its name."""
    m = Made(seed)
    t = tokens(m)
    key, secret = m.aws()
    key2, secret2 = m.aws()
    pw = {
        name: m.password()
        for name in (
            "flag",
            "mysql",
            "curl",
            "sshpass",
            "docker",
            "url",
            "pgpass",
            "psql",
            "ps",
            "redis",
            "zsh",
            "note",
        )
    }
    bash = [
        "ls -la",
        "cd src && make",
        f"export GITHUB_TOKEN={t['github']}",
        "git status",
        f"curl -H 'Authorization: Bearer {t['jwt']}' https://api.example.com/v1/me",
        f"curl -u ada:{pw['curl']} https://nexus.example.com/api",
        f"mysql -u root -p{pw['mysql']} -h db.example.com shop",
        f"sshpass -p '{pw['sshpass']}' ssh ada@bastion.example.com",
        f"docker login -u ada -p {pw['docker']} registry.example.com",
        f"pg_dump postgres://ada:{pw['url']}@db.example.com:5432/shop > d.sql",
        f"PGPASSWORD={pw['pgpass']} psql -h db -U ada shop",
        f"tool deploy --password {pw['flag']} --force",
        f"aws configure set aws_access_key_id {key2}",
        f"aws configure set aws_secret_access_key {secret2}",
        f"npm config set //registry.npmjs.org/:_authToken {t['npm']}",
        f"redis-cli -a {pw['redis']} ping",
        f"vault login {t['vault']}",
        f"git clone https://oauth2:{t['gitlab']}@gitlab.example.com/a/b.git",
    ]
    zsh = [
        f": 1700000000:0;export STRIPE_KEY={t['stripe']}",
        f": 1700000001:0;http POST x.example.com password={pw['zsh']} name=é",
        f": 1700000003:0;heroku config:set SENDGRID_API_KEY={t['sendgrid']}",
    ]
    raw = "\n".join(zsh).encode() + b"\n"
    zsh_bytes = b"".join(bytes([0x83, b ^ 0x20]) if b == 0 or 0x83 <= b <= 0xA2 else bytes([b]) for b in raw)
    note = {
        "cells": [
            {
                "cell_type": "code",
                "source": ["import os\n", f"os.environ['OPENAI_API_KEY'] = '{t['openai']}'\n"],
                "outputs": [{"text": [f"{t['hf']}\n"]}],
            }
        ],
        "nbformat": 4,
    }
    chat = [
        {"type": "user", "message": {"content": f"use this key: {t['anthropic']}\nthanks"}},
        {"type": "assistant", "message": {"content": [{"text": f"export DATABRICKS_TOKEN={t['databricks']}"}]}},
    ]
    har = {
        "log": {
            "entries": [
                {
                    "request": {
                        "url": "https://api.example.com/",
                        "headers": [{"name": "Authorization", "value": f"token {t['github-oauth']}"}],
                    }
                }
            ]
        }
    }
    files: dict[str, bytes] = {
        ".bash_history": "\n".join(bash).encode() + b"\n",
        ".zsh_history": zsh_bytes,
        ".local/share/fish/fish_history": f"- cmd: set -gx DIGITALOCEAN_ACCESS_TOKEN {t['digitalocean']}\n  when: 1700000000\n- cmd: echo \\\\x\\npulumi login\\n{t['pulumi']}\n  when: 1700000001\n".encode(),
        "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt": f"$env:POSTMAN_KEY = '{t['postman']}'\r\n$p = ConvertTo-SecureString '{pw['ps']}' -AsPlainText -Force\r\n".encode(
            "utf-16"
        ),
        ".psql_history": f"CREATE USER ada WITH PASSWORD '{pw['psql']}';\n".encode(),
        ".bashrc": f"export AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}\nexport CLOUDFLARE_API_TOKEN={t['cf']}\nexport DD_API_KEY={t['dd']}\n".encode(),
        ".config/fish/fish_variables": f"# VERSION: 3.0\nSETUVAR --export GROQ_API_KEY:{t['groq'].replace('_', chr(92) + 'x5f')}\n".encode(),
        ".config/environment.d/keys.conf": f"LINEAR_API_KEY={t['linear']}\n".encode(),
        "work/explore.ipynb": json.dumps(note).encode(),
        "work/.app.py.swp": b"b0VIM 9.0\0" + bytes(200) + f"SLACK = '{t['slack']}'\0".encode(),
        "work/config.py~": f"DOPPLER_TOKEN = '{t['doppler']}'\n".encode(),
        ".claude/projects/x/s.jsonl": "\n".join(map(json.dumps, chat)).encode(),
        ".codex/sessions/2026/01/01/rollout-x.jsonl": json.dumps(
            {"payload": {"text": f"docker login with {t['docker']}"}}
        ).encode(),
        ".npm/_logs/2026-01-01T00_00_00_000Z-debug-0.log": f"0 verbose cli\n1 http fetch GET 200 {t['shopify']}\n".encode(),
        "Downloads/session.har": json.dumps(har).encode(),
        "work/site/.gitlab-ci.yml": f"deploy:\n  variables:\n    TS: {t['tailscale']}\n    GH: {t['github-fine']}\n".encode(),
        ".viminfo": f'"0\tLINE\t0\n\t{t["google"]}\n'.encode(),
    }
    values = {
        **t,
        **{f"password-{k}": v for k, v in pw.items() if k != "note"},
        "aws-exported": secret,
        "aws-configure": secret2,
    }
    return files, values


def decoys(seed: int = 2) -> dict[str, bytes]:
    """Return files by path in which no secret lies: what documentation, templates, lock files and tools leave in a home."""
    m = Made(seed)
    sha, uuid = m.text(40, _HEX), "-".join(m.text(n, _HEX) for n in (8, 4, 4, 4, 12))
    sample = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    history = [
        "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7" + "EXAMPLE",
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "export GITHUB_TOKEN=ghp_" + "x" * 36,
        "export GITHUB_TOKEN=<your-token>",
        "export TOKEN=$(pass show work/token)",
        "export API_KEY=changeme",
        "mysql -u root -p",
        "mysql -u root -p$DB_PASSWORD shop",
        "psql postgres://user:password@localhost/db",
        "curl -u $USER:$PASS https://example.com",
        'curl -H "Authorization: Bearer $TOKEN" https://example.com',
        f"git checkout {sha}",
        f"git show {sha[:12]}",
        f"docker pull nginx@sha256:{m.text(64, _HEX)}",
        "docker login -u ada --password-stdin",
        "aws sts get-caller-identity",
        f"kubectl logs pod-{uuid}",
        "ssh-keygen -t ed25519 -C ada@example.com",
        "openssl rand -base64 32",
        "export STRIPE=pk_live_" + m.text(24),
        "op read op://vault/item/password",
        "vault read secret/data/app",
        f"echo {sample}",
        "passwd ada",
        "export PASSWORD_STORE_DIR=~/.pass",
        "make TOKEN_LIMIT=4096 test",
        "grep -r password src",
        "ghp_" + m.text(36),
        "export SENTRY_DSN=https://" + m.text(32, _HEX) + "@o1.ingest.sentry.io/2",
        "pip download --hash sha256:" + m.text(64, _HEX),
        f"export BUILD_ID={uuid}",
        "tool --password-file ~/.pw --token-url https://sso.example.com/token",
        "git clone https://ada@github.com/example/repo.git",
        "scp -P 2222 -p file host:/tmp",
        "mkdir -p a/b/c",
        "ssh -p 2222 ada@example.com",
    ]
    lock = {
        "packages": {
            f"p{n}": {
                "integrity": "sha512-" + base64.b64encode(m.random.randbytes(64)).decode(),
                "resolved": f"https://registry.npmjs.org/p/-/p-{n}.tgz",
            }
            for n in range(30)
        }
    }
    note = {
        "cells": [
            {
                "cell_type": "code",
                "source": ["plt.show()"],
                "outputs": [{"data": {"image/png": base64.b64encode(m.random.randbytes(6000)).decode()}}],
            }
        ],
        "metadata": {"id": sha},
    }
    chat = [
        {
            "uuid": uuid,
            "sessionId": uuid,
            "message": {
                "id": "msg_01" + m.text(22),
                "content": "set OPENAI_API_KEY=sk-... in your shell",
                "signature": base64.b64encode(m.random.randbytes(300)).decode(),
            },
            "requestId": "req_" + m.text(24),
            "toolUseID": "toolu_01" + m.text(22),
        }
        for _ in range(20)
    ]
    return {
        ".bash_history": "\n".join(history).encode() + b"\n",
        ".bashrc": b"export EDITOR=vim\nexport GPG_TTY=$(tty)\nalias k=kubectl\nexport OPENAI_API_KEY=${OPENAI_API_KEY:-}\n[ -f ~/.secrets ] && . ~/.secrets\nexport HISTCONTROL=ignoreboth\nexport TOKEN_PATH=/run/token\nexport AWS_PROFILE=work SECRET_NAME=prod/app\n",
        ".config/fish/config.fish": b"set -gx PATH $HOME/bin $PATH\nset -gx GITHUB_TOKEN (gh auth token)\n",
        "work/package-lock.json~": json.dumps(lock, indent=1).encode(),
        "work/plot.ipynb": json.dumps(note).encode(),
        ".claude/projects/x/s.jsonl": "\n".join(map(json.dumps, chat)).encode(),
        "work/.gitlab-ci.yml": b'deploy:\n  script:\n    - curl -H "PRIVATE-TOKEN: $TOKEN" https://gitlab.example.com\n  variables:\n    POSTGRES_PASSWORD: $DB_PASSWORD\n    TOKEN: ${{ secrets.TOKEN }}\n',
        "work/settings.py~": b"SECRET_KEY = os.environ['SECRET_KEY']\nPASSWORD = None\nDATABASES = {'PASSWORD': get_secret('db')}\ndef token(password: str) -> str: ...\nAPI_KEY = 'your-api-key-here'\n",
        ".npm/_logs/2026-01-01T00_00_00_000Z-debug-0.log": f"1 verbose title npm install\n2 silly idealTree buildDeps\n3 http cache {m.text(64, _HEX)} sha512-{base64.b64encode(m.random.randbytes(64)).decode()}\n4 verbose token npm_[REDACTED]\n".encode(),
        "work/gitleaks.toml~": b"[[rules]]\nid = 'x'\nregex = '''ghp_[0-9a-zA-Z]{36}'''\n",
    }
