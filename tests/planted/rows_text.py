"""First tier: what stands in text: environments, histories, start-up files, password files, certificates."""

from __future__ import annotations

import json
import shutil

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home


def env_files(h: Home) -> None:
    key, secret = t.aws_key()
    stripe, word, url_word = "sk_live_" + t.pick(60), t.pick(20), t.pick(18)
    pair = keys.Pair("env-pem", kind="rsa")
    h.put(
        "src/app/.env",
        f"# production\r\nexport AWS_ACCESS_KEY_ID={key}\r\nAWS_SECRET_ACCESS_KEY=\"{secret}\"\r\nSTRIPE_SECRET_KEY={stripe}\r\nSMTP_PASSWORD='{word}' # mail\r\nDATABASE_URL=postgres://ada_app:{url_word}@db.env.example:5432/app\r\nNEXTAUTH_SECRET={(auth := t.pick(32))}\r\nPUBLIC_URL=https://app.example\r\n",
    )
    h.row("T1-27.aws", key, secret=secret)
    h.row("T1-27.stripe", "src/app/.env", "STRIPE_SECRET_KEY", secret=stripe)
    h.row("T1-27.smtp", "src/app/.env", "SMTP_PASSWORD", secret=word)
    h.row("T1-27.database-url", "ada_app", "db.env.example", secret=url_word)
    h.row("T1-27.nextauth", "src/app/.env", "NEXTAUTH_SECRET", secret=auth)
    h.put(
        "src/app/.env.production",
        '\ufeffPRIVATE_KEY="'
        + pair.private()
        + '"\nSENDGRID_API_KEY=SG.'
        + (sid := t.pick(22))
        + "."
        + (sec := t.pick(43))
        + "\n",
    )
    h.row("T1-27.pem", ".env.production", pair.key_want, secret=pair.secret)
    h.row("T1-27.sendgrid", (sid, "SENDGRID_API_KEY"), secret=sec)
    word = t.pick(30)
    h.put("src/app/prod.env", f"OPENAI_API_KEY={(ai := t.openai())}\nJWT_SECRET={word}\n")
    h.row("T1-27.openai", "prod.env", "OPENAI_API_KEY", secret=ai)
    h.row("T1-27.jwt-secret", "prod.env", "JWT_SECRET", secret=word)
    h.put("src/app/.envrc", f"use nix\nexport GITLAB_TOKEN={(gl := t.gitlab())}\nexport X=$(pass show y)\n")
    h.row("T1-27.envrc", ".envrc", "GITLAB_TOKEN", secret=gl)
    h.put("src/worker/.dev.vars", f'CLOUDFLARE_API_TOKEN="{(cf := t.pick(40))}"\n')
    h.row("T1-27.dev-vars", ".dev.vars", "CLOUDFLARE_API_TOKEN", secret=cf)
    h.put(
        "src/app/docker-compose.yml",
        f"services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_USER: ada\n      POSTGRES_PASSWORD: {(pg := t.pick(18))}\n  redis:\n    environment:\n      - REDIS_PASSWORD={(rd := t.pick(18))}\n",
    )
    h.row("T1-27.compose", "docker-compose.yml", "POSTGRES_PASSWORD", secret=pg)
    h.row("T1-27.compose-list", "docker-compose.yml", "REDIS_PASSWORD", secret=rd)
    h.put(
        "src/net/appsettings.Production.json",
        {
            "ConnectionStrings": {
                "Main": f"Server=tcp:sql.net.example,1433;Database=app;User ID=ada_net;Password={(sql := t.pick(18))};Encrypt=True"
            },
            "Jwt": {"Secret": (js := t.pick(40))},
        },
    )
    h.row("T1-27.appsettings", "sql.net.example", "ada_net", secret=sql)
    h.row("T1-27.appsettings-key", "appsettings.Production.json", ("Jwt", "Secret"), secret=js)
    user_secrets = h.pick(".microsoft/usersecrets", ".microsoft/usersecrets", "AppData/Roaming/Microsoft/UserSecrets")
    h.put(
        f"{user_secrets}/{t.uuid()}/secrets.json",
        b"\xef\xbb\xbf"
        + json.dumps(
            {"Stripe:ApiKey": (sk := "sk_test_" + t.pick(60)), "Corp:ClientSecret": (cs := t.pick(34))}
        ).encode(),
    )
    h.row("T1-27.user-secrets", "secrets.json", "Stripe:ApiKey", secret=sk)
    h.row("T1-27.user-secrets-client", "secrets.json", "Corp:ClientSecret", secret=cs)
    h.put(
        "src/spring/src/main/resources/application-prod.yml",
        f"spring:\n  datasource:\n    url: jdbc:postgresql://pg.spring.example/app\n    username: ada_spring\n    password: {(sp := t.pick(18))}\n",
    )
    h.row("T1-27.spring", "application-prod.yml", ("password", "ada_spring"), secret=sp)
    h.put(
        "src/spring2/application.properties",
        f"spring.datasource.url=jdbc:mysql://my.spring.example/app\nspring.datasource.username=ada_props\nspring.datasource.password={(sp := t.pick(18))}\n",
    )
    h.row("T1-27.properties", "application.properties", ("spring.datasource.password", "ada_props"), secret=sp)
    h.put("src/rails/config/master.key", (mk := t.hexs(32)))
    h.row("T1-27.rails", "config/master.key", secret=mk)
    h.put(
        "src/wp/wp-config.php",
        f"<?php\ndefine( 'DB_NAME', 'wp' );\ndefine( 'DB_USER', 'ada_wp' );\ndefine( 'DB_PASSWORD', '{(wp := t.pick(18))}' );\ndefine( 'DB_HOST', 'db.wp.example' );\ndefine('AUTH_KEY', '{(ak := t.pick(64))}');\n",
    )
    h.row("T1-27.wordpress", ("ada_wp", "DB_PASSWORD"), "wp-config.php", secret=wp)
    h.put(
        "src/dj/settings.py",
        f"DEBUG = False\nSECRET_KEY = '{(dj := t.pick(50))}'\nDATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'USER': 'ada_dj', 'PASSWORD': '{(djp := t.pick(18))}', 'HOST': 'db.dj.example'}}}}\n",
    )
    h.row("T1-27.django", "settings.py", "SECRET_KEY", secret=dj)
    h.row("T1-27.django-db", "settings.py", ("PASSWORD", "ada_dj"), secret=djp)
    h.put(
        "src/func/local.settings.json",
        {
            "IsEncrypted": False,
            "Values": {
                "AzureWebJobsStorage": f"DefaultEndpointsProtocol=https;AccountName=corpfuncstore;AccountKey={(ak := t.b64(64))};EndpointSuffix=core.windows.net"
            },
        },
    )
    h.row("T1-27.functions", "corpfuncstore", secret=ak)
    h.put(
        "src/k8s/secret.yaml",
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: corp-api\ntype: Opaque\ndata:\n  api-token: {keys_b64(tok := t.pick(40))}\n",
    )
    h.row("T1-27.k8s-secret", "secret.yaml", ("corp-api", "api-token"), secret=tok)
    h.put(
        "src/ftp/.vscode/sftp.json",
        {"name": "x", "host": "sftp.corp.example", "username": "ada-sftp", "password": (sf := t.pick(18))},
    )
    h.row("T1-27.sftp", "sftp.corp.example", "ada-sftp", secret=sf)
    h.put("src/app/.env.keys", f'#/ private decryption keys\nDOTENV_PRIVATE_KEY="{(dk := t.hexs(64))}"\n')
    h.row("T1-27.env-keys", ".env.keys", "DOTENV_PRIVATE_KEY", secret=dk)
    h.put("src/py/.flaskenv", f"FLASK_SECRET_KEY={(fk := t.pick(32))}\n")
    h.row("T1-27.flaskenv", ".flaskenv", "FLASK_SECRET_KEY", secret=fk)


def keys_b64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def metafied(text: str) -> bytes:
    out = bytearray()
    for byte in text.encode():
        out += bytes([0x83, byte ^ 0x20]) if byte in range(0x83, 0xA3) or byte == 0 else bytes([byte])
    return bytes(out)


def histories(h: Home) -> None:
    token, word, pg = t.github(), t.pick(16), t.pick(16)
    key, secret = t.aws_key()
    h.put(
        ".bash_history",
        f"ls\n#1764000000\ncurl -H 'Authorization: token {token}' https://api.github.com/user\ndocker login -u ada-hist -p {word} reg.hist.example\nexport AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}\npsql postgresql://ada_pg:{pg}@pg.hist.example/app\nmysql -h my.hist.example -u ada_my -p{(my := t.pick(16))} app\ncurl -u ada-curl:{(cu := t.pick(16))} https://curl.hist.example/\nsshpass -p {(sp := t.pick(16))} ssh ada-ssh@ssh.hist.example\n",
    )
    h.row("T1-28.curl-header", ".bash_history", secret=token)
    h.row("T1-28.docker-login", "ada-hist", "reg.hist.example", secret=word)
    h.row("T1-28.aws", key, secret=secret)
    h.row("T1-28.psql", "ada_pg", "pg.hist.example", secret=pg)
    h.row("T1-28.mysql", "ada_my", secret=my)
    h.row("T1-28.curl-user", "ada-curl", "curl.hist.example", secret=cu)
    h.row("T1-28.sshpass", ("ada-ssh", "ssh.hist.example", ".bash_history"), secret=sp)
    token, hf = t.gitlab(), t.hf()
    h.put(
        ".zsh_history",
        metafied(
            f': 1764000000:0;echo \'größe ü\' && export GITLAB_TOKEN={token}\n: 1764000001:0;curl \\\n  -H "PRIVATE-TOKEN: x" \\\n  -H "Authorization: Bearer {hf}" https://huggingface.co/api\n'
        ),
    )
    h.row("T1-28.zsh", ".zsh_history", "GITLAB_TOKEN", secret=token)
    h.row("T1-28.zsh-multiline", ".zsh_history", secret=hf)
    token = t.slack_bot()
    h.put(
        "{data}/fish/fish_history",
        f"- cmd: set -gx SLACK_BOT_TOKEN {token}\\nls\n  when: 1764000000\n  paths:\n    - x\n",
    )
    h.row("T1-28.fish", "fish_history", secret=token[-24:])
    ps = h.pick(
        ".local/share/powershell/PSReadLine",
        ".local/share/powershell/PSReadLine",
        "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine",
    )
    word, gh = t.pick(18), t.github()
    h.put(
        f"{ps}/ConsoleHost_history.txt",
        f"$env:GITHUB_TOKEN = '{gh}'\r\n$p = ConvertTo-SecureString '{word}' -AsPlainText -Force\r\n",
    )
    h.row("T1-28.psreadline", "ConsoleHost_history.txt", secret=gh)
    h.row("T1-28.securestring", "ConsoleHost_history.txt", secret=word)
    npm = t.checked("npm")
    h.put(f"{ps}/Visual Studio Code Host_history.txt", f"npm config set //registry.npmjs.org/:_authToken {npm}\r\n")
    h.row("T1-28.vscode-host", "Visual Studio Code Host_history.txt", secret=npm)
    token = t.openai()
    h.put(
        "Documents/PowerShell_transcript.LAPTOP.abc.20261120.txt",
        ("\ufeff**********************\r\nPS> $env:OPENAI_API_KEY='" + token + "'\r\n").encode("utf-16-le"),
    )
    h.row("T1-28.transcript-utf16", "PowerShell_transcript", secret=token)
    token = t.anthropic()
    h.sqlite("{data}/atuin/history.db", "CREATE TABLE history (id text primary key, timestamp integer not null, duration integer not null, exit integer not null, command text not null, cwd text not null, session text not null, hostname text not null, deleted_at integer);",
             [("INSERT INTO history VALUES (?,?,?,?,?,?,?,?,?)", (t.uuid(), 1764000000000000000, 1, 0, f"export ANTHROPIC_API_KEY={token}", "/", "s", "h", None))])  # fmt: skip
    h.row("T1-28.atuin", "history.db", secret=token)
    token = t.github()
    h.put(".python_history", f"import os\nos.environ['GITHUB_TOKEN'] = '{token}'\n")
    h.row("T1-28.python", ".python_history", secret=token)
    word = t.pick(16)
    h.put(".psql_history", f"\\dt\nCREATE USER ada_role WITH PASSWORD '{word}';\n")
    h.row("T1-28.psql-history", ".psql_history", secret=word)
    word = t.pick(16)
    h.put(".mysql_history", f"_HiStOrY_V2_\nCREATE\\040USER\\040'ada_mysql'@'%'\\040IDENTIFIED\\040BY\\040'{word}';\n")
    h.row("T1-28.mysql-history", ".mysql_history", secret=word)
    word = t.pick(24)
    h.put(".rediscli_history", f"keys *\nAUTH {word}\n")
    h.row("T1-28.redis-history", ".rediscli_history", secret=word)
    token = "sk_live_" + t.pick(60)
    h.put(".node_repl_history", f"const stripe = require('stripe')('{token}')\n")
    h.row("T1-28.node", ".node_repl_history", secret=token)
    token = t.hf()
    h.sqlite(".ipython/profile_default/history.sqlite", "CREATE TABLE history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line)); CREATE TABLE sessions (session integer primary key);",
             [("INSERT INTO history VALUES (?,?,?,?)", (1, 1, f"login(token='{token}')", f"login(token='{token}')"))])  # fmt: skip
    h.row("T1-28.ipython", "history.sqlite", secret=token)
    token = t.github()
    h.put(".viminfo", f'# Registers:\n""\tCHAR\t0\n\texport GH_TOKEN={token}\n')
    h.row("T1-28.viminfo", ".viminfo", secret=token)
    if h.macos:
        token = t.github()
        h.put(f".zsh_sessions/{t.uuid().upper()}.history", f"export GITHUB_TOKEN={token}\n")
        h.row("T1-28.zsh-sessions", ".zsh_sessions", secret=token)


def startup(h: Home) -> None:
    for name, var, line, token in (
        (".bashrc", "GITHUB_TOKEN", "export GITHUB_TOKEN={0}", t.github()),
        (".profile", "OPENAI_API_KEY", 'export OPENAI_API_KEY="{0}"', t.openai()),
        (".bash_profile", "ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY='{0}'; export ANTHROPIC_API_KEY", t.anthropic()),
        (".zshrc", "DATADOG_API_KEY", "export DATADOG_API_KEY={0}", t.hexs(32)),
        (".zshenv", "CORP_DEPLOY_TOKEN", "export CORP_DEPLOY_TOKEN={0}", t.pick(36)),
        (".zprofile", "HF_TOKEN", "export HF_TOKEN={0}", t.hf()),
        (".bash_aliases", "NPM_TOKEN", "export NPM_TOKEN={0}", t.checked("npm")),
        (".xprofile", "SENTRY_AUTH_TOKEN", "export SENTRY_AUTH_TOKEN={0}", "sntryu_" + t.hexs(64)),
        ("{xdg}/fish/config.fish", "LINEAR_API_KEY", "set -gx LINEAR_API_KEY {0}", "lin_api_" + t.pick(40)),
        ("{xdg}/fish/fish_variables", "GITLAB_TOKEN", "SETUVAR --export GITLAB_TOKEN:{0}", t.gitlab().replace("-", r"\x2d")),
        ("{xdg}/environment.d/10-corp.conf", "DIGITALOCEAN_ACCESS_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN={0}", "dop_v1_" + t.hexs(64)),
        (".config/powershell/profile.ps1" if not h.windows else "Documents/PowerShell/Microsoft.PowerShell_profile.ps1", "AZURE_DEVOPS_EXT_PAT", "$env:AZURE_DEVOPS_EXT_PAT = '{0}'", t.pick(76) + "AZDO" + t.pick(4)),
        (".pam_environment", "TUNNEL_TOKEN", "TUNNEL_TOKEN DEFAULT={0}", t.b64(60)),
        (".tmux.conf", "TAVILY_API_KEY", "set-environment -g TAVILY_API_KEY {0}", "tvly-" + t.pick(32)),
    ):  # fmt: skip
        h.put(name, "# mine\n" + line.format(token) + "\n")
        h.row(f"T1-29.{name.rsplit('/', 1)[-1]}", name.rsplit("/", 1)[-1], var, secret=token.replace(r"\x2d", "-"))
    if h.macos:
        token = t.github()
        h.put(
            "Library/LaunchAgents/com.corp.env.plist",
            f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0"><dict><key>Label</key><string>com.corp.env</string><key>EnvironmentVariables</key><dict><key>GITHUB_TOKEN</key><string>{token}</string></dict></dict></plist>\n',
        )
        h.row("T1-29.launchagent", "com.corp.env.plist", "GITHUB_TOKEN", secret=token)
    if h.linux:
        word = t.pick(30)
        h.put(
            ".config/systemd/user/sync.service", f"[Service]\nEnvironment=SYNC_API_TOKEN={word}\nExecStart=/bin/true\n"
        )
        h.row("T1-29.systemd", "sync.service", "SYNC_API_TOKEN", secret=word)
        token = t.github()
        h.put("/etc/profile.d/corp.sh", f"export GH_TOKEN={token}\n", 0o644)
        h.row("T1-29.profile.d", "corp.sh", "GH_TOKEN", secret=token)
        token = t.gitlab()
        h.put("/etc/environment", f'PATH="/usr/bin"\nGITLAB_TOKEN="{token}"\n', 0o644)
        h.row("T1-29.etc-environment", "etc/environment", "GITLAB_TOKEN", secret=token)


def password_files(h: Home) -> None:
    word, heroku, mac = t.pick(16), "HRKU-" + t.uuid(), t.pick(16)
    h.put(
        "_netrc" if h.windows else ".netrc",
        f'machine ftp.corp.example login ada-ftp password {word}\nmachine api.heroku.com\n  login ada.heroku@corp.example\n  password {heroku}\nmachine q.corp.example login "ada-q" password "{mac}"\nmacdef init\ncd /pub\n\nmachine api.wandb.ai login user password {(wb := t.hexs(40))}\n',
    )
    h.row("T1-30.netrc", "ftp.corp.example", "ada-ftp", secret=word)
    h.row("T1-30.heroku", "ada.heroku@corp.example", secret=heroku)
    h.row("T1-30.quoted", "q.corp.example", "ada-q", secret=mac)
    h.row("T1-30.wandb", "api.wandb.ai", secret=wb)
    h.put(
        ".curlrc",
        f'user = "ada-curlrc:{(w := t.pick(16))}"\nproxy-user = ada-cprox:{(p := t.pick(16))}\nproxy = cprox.corp.example:3128\n',
    )
    h.row("T1-30.curlrc", "ada-curlrc", secret=w)
    h.row("T1-30.curlrc-proxy", "ada-cprox", secret=p)
    h.put(".wgetrc", f"http_user = ada-wget\nhttp_password = {(w := t.pick(16))}\n")
    h.row("T1-30.wgetrc", ("ada-wget", "http_password"), ".wgetrc", secret=w)
    h.put(".authinfo", f"machine imap.corp.example port 993 login ada-gnus password {(w := t.pick(16))}\n")
    h.row("T1-30.authinfo", "imap.corp.example", "ada-gnus", secret=w)
    h.put(
        h.pick(".pgpass", ".pgpass", "AppData/Roaming/postgresql/pgpass.conf"),
        f"# comment\npg.corp.example:5432:*:ada_pgpass:{(w := t.pick(8))}\\:{(w2 := t.pick(8))}\n",
    )
    h.row("T1-30.pgpass", "pg.corp.example", "ada_pgpass", secret=f"{w}:{w2}")
    h.put(".pg_service.conf", f"[prod]\nhost=pgs.corp.example\nuser=ada_svc\npassword={(w := t.pick(16))}\ndbname=x\n")
    h.row("T1-30.pg-service", "pgs.corp.example", "ada_svc", secret=w)
    h.put(
        ".my.cnf",
        f'[client]\nuser=ada_mycnf\npassword="{(w := t.pick(16))}"\nhost=my.corp.example\n\n[clientprod]\nuser=ada_mycnf2\npassword={(w2 := t.pick(16))}\nhost=my2.corp.example\n',
    )
    h.row("T1-30.mycnf", "ada_mycnf", "my.corp.example", secret=w)
    h.row("T1-30.mycnf-group", "ada_mycnf2", "my2.corp.example", secret=w2)
    h.put(h.pick(".mylogin.cnf", ".mylogin.cnf", "AppData/Roaming/MySQL/.mylogin.cnf"), mylogin(w := t.pick(16)))
    h.row("T1-30.mylogin", ("mylogin.cnf"), secret=w)
    h.put(
        ".s3cfg",
        f"[default]\naccess_key = {(k := t.aws_key())[0]}\nsecret_key = {k[1]}\nhost_base = s3.amazonaws.com\n",
    )
    h.row("T1-30.s3cfg", k[0], secret=k[1])
    h.put(
        ".mc/config.json",
        {
            "version": "10",
            "aliases": {
                "corp": {
                    "url": "https://minio.corp.example",
                    "accessKey": "ada-minio-key",
                    "secretKey": (w := t.pick(32)),
                    "api": "S3v4",
                    "path": "auto",
                }
            },
        },
    )
    h.row("T1-30.minio", "minio.corp.example", "ada-minio-key", secret=w)
    h.put(".passwd-s3fs", f"{(k := t.aws_key())[0]}:{k[1]}\n")
    h.row("T1-30.s3fs", k[0], secret=k[1])
    h.put(
        ".odbc.ini",
        f"[Warehouse]\nDriver=PostgreSQL\nServername=odbc.corp.example\nUID=ada_odbc\nPWD={(w := t.pick(16))}\n",
    )
    h.row("T1-30.odbc", "odbc.corp.example", "ada_odbc", secret=w)
    h.put(
        ".snowsql/config",
        f'[connections.prod]\naccountname = corp-xy1\nusername = ada_snowsql\npassword = "{(w := t.pick(16))}"\n',
    )
    h.row("T1-30.snowsql", "corp-xy1", "ada_snowsql", secret=w)


def mylogin(word: str) -> bytes:
    """Return a login path file as mysql_config_editor writes it: AES-128-ECB under a key that stands in the file."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = t.raw(20)
    real = bytearray(16)
    for i, byte in enumerate(key):
        real[i % 16] ^= byte
    out = b"\0\0\0\0" + key
    for line in ("[client]\n", 'user = "ada_login"\n', f'password = "{word}"\n', 'host = "login.corp.example"\n'):
        data = line.encode()
        pad = 16 - len(data) % 16
        enc = Cipher(algorithms.AES(bytes(real)), modes.ECB()).encryptor()
        sealed = enc.update(data + bytes([pad]) * pad) + enc.finalize()
        out += len(sealed).to_bytes(4, "little") + sealed
    return out


def certificates(h: Home) -> None:
    pair = keys.Pair("ada-vpn")
    h.put("Documents/certs/vpn.crt", pair.pem)
    h.put("Documents/certs/vpn.key", pair.private())
    h.row("T1-31.pair", pair.key_want, secret=pair.secret)
    pair = keys.Pair("ada-both", kind="rsa")
    h.put(
        "Downloads/bundle.pem",
        "Bag Attributes\n  x: y\n" + pair.pem + pair.private(keys.serialization.PrivateFormat.TraditionalOpenSSL),
    )
    h.row("T1-31.bundle", pair.key_want, secret=pair.secret)
    old = keys.Pair("ada-expired", days=-20)
    h.put("Downloads/old-bundle.pem", old.private() + old.pem)
    h.row("T1-31.expired", old.want, secret=old.secret, expired=True)
    pair = keys.Pair("ada-p12")
    h.put("Downloads/ada.p12", pair.p12(""))
    h.row("T1-31.p12-open", pair.want, secret=pair.secret)
    pair = keys.Pair("ada-pfx")
    h.put("Downloads/ada.pfx", pair.p12("correct horse"))
    h.row("T1-31.pfx-locked", "ada.pfx")
    if shutil.which("keytool"):
        blob, serial, _ = keys.java_keystore("JKS")
        h.put("src/android/upload.jks", blob)
        h.row("T1-31.jks", (serial, "upload.jks"))
    pair = keys.Pair("ada-locked")
    h.put("Documents/certs/locked.key", pair.private(passphrase="a phrase"))
    h.row("T1-31.pkcs8-locked", "locked.key")
    key_id = t.upper(10)
    pair = keys.Pair("apple")
    h.put(f"Downloads/AuthKey_{key_id}.p8", pair.private())
    h.row("T1-31.apple-p8", key_id, secret=pair.secret)
    pair = keys.Pair("step-id")
    h.put(".step/certs/root_ca.crt", pair.pem)
    h.put(".step/secrets/root_ca_key", pair.private())
    h.row("T1-31.step-ca-key", pair.key_want, secret=pair.secret)
    pair = keys.Pair("mkcert root")
    h.put(
        h.pick(
            ".local/share/mkcert/rootCA.pem",
            "Library/Application Support/mkcert/rootCA.pem",
            "AppData/Local/mkcert/rootCA.pem",
        ),
        pair.pem,
    )
    h.put(
        h.pick(
            ".local/share/mkcert/rootCA-key.pem",
            "Library/Application Support/mkcert/rootCA-key.pem",
            "AppData/Local/mkcert/rootCA-key.pem",
        ),
        pair.private(),
    )
    h.row("T1-31.mkcert", pair.key_want, secret=pair.secret)
    pair = keys.Pair("acme.example", kind="rsa")
    h.put(".acme.sh/site.example/site.example.key", pair.private(keys.serialization.PrivateFormat.TraditionalOpenSSL))
    h.put(".acme.sh/site.example/site.example.cer", pair.pem)
    h.row("T1-31.acme-sh", pair.key_want, secret=pair.secret)
    pair = keys.Pair("adb", kind="rsa")
    h.put(".android/adbkey", pair.private())
    h.row("T1-31.adbkey", (*pair.key_want, "adbkey"), secret=pair.secret)
    if h.linux:
        pair = keys.Pair("le.example")
        h.put("/etc/letsencrypt/live/le.example/fullchain.pem", pair.pem)
        h.put("/etc/letsencrypt/live/le.example/privkey.pem", pair.private())
        h.row("T1-31.letsencrypt", pair.key_want, secret=pair.secret)


ROWS = (env_files, histories, startup, password_files, certificates)
