"""Second tier: hosting, data, CI, identity and networks' own clients."""

from __future__ import annotations

import base64
import hashlib
import json

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home


def hosts(h: Home) -> None:
    glab = h.pick(".config/glab-cli", ".config/glab-cli", "AppData/Local/glab-cli")
    h.put(
        f"{glab}/config.yml",
        f'git_protocol: ssh\nhosts:\n    gitlab.corp.example:\n        token: {(a := t.gitlab())}\n        user: ada-glab\n        api_host: gitlab.corp.example\n    gitlab.com:\n        is_oauth2: "true"\n        token: {(b := t.hexs(64))}\n        oauth2_refresh_token: {(r := t.hexs(64))}\n        oauth2_expiry_date: {t.iso(t.later(hours=1))}\n        user: ada-oauth\n',
    )
    h.row("T2.glab", "ada-glab", "gitlab.corp.example", secret=a)
    h.row("T2.glab-oauth", "ada-oauth", secret=(b, r))
    h.put(
        ".gitlab-runner/config.toml",
        f'concurrent = 1\n\n[[runners]]\n  name = "laptop"\n  url = "https://gitlab.corp.example"\n  id = 4711\n  token = "glrt-{(a := t.pick(20))}"\n  executor = "shell"\n  [runners.cache.s3]\n    AccessKey = "{(k := t.aws_key())[0]}"\n    SecretKey = "{k[1]}"\n',
    )
    h.row("T2.gitlab-runner", "4711", secret=a)
    h.row("T2.gitlab-runner-cache", k[0], secret=k[1])
    client = t.uuid()
    rsa = {
        "d": t.b64(256),
        "dp": t.b64(128),
        "dq": t.b64(128),
        "exponent": "AQAB",
        "inverseQ": t.b64(128),
        "modulus": t.b64(256),
        "p": t.b64(128),
        "q": t.b64(128),
    }
    h.put(
        "actions-runner/.runner",
        b"\xef\xbb\xbf"
        + json.dumps(
            {
                "agentId": 7788,
                "agentName": "laptop-runner",
                "poolId": 1,
                "serverUrl": "https://pipelines.actions.example/x",
                "gitHubUrl": "https://github.com/corp/app",
                "workFolder": "_work",
            }
        ).encode(),
    )
    h.put(
        "actions-runner/.credentials",
        b"\xef\xbb\xbf"
        + json.dumps(
            {
                "scheme": "OAuth",
                "data": {
                    "clientId": client,
                    "authorizationUrl": "https://vstoken.actions.example/_apis/oauth2/token/x",
                    "requireFipsCryptography": "True",
                },
            }
        ).encode(),
    )
    if not h.windows:
        h.put("actions-runner/.credentials_rsaparams", rsa)
        h.row("T2.actions-runner", (client, "7788"), secret=rsa["d"][10:60])
    else:
        h.row("T2.actions-runner", (client, "7788"))
    h.put(".buildkite-agent/buildkite-agent.cfg", f'token="{(a := t.hexs(50))}"\nname="laptop-%n"\n')
    h.row("T2.buildkite", "buildkite-agent.cfg", secret=a)
    h.put(
        ".circleci/cli.yml",
        f"host: https://circleci.com\nendpoint: graphql-unstable\ntoken: CCIPAT_{(i := t.pick(22))}_{(a := t.hexs(40))}\n",
    )
    h.row("T2.circleci", (i, "circleci.com"), secret=a)
    h.put(
        ".jenkins/credentials.xml",
        f"<?xml version='1.1' encoding='UTF-8'?>\n<com.cloudbees.plugins.credentials.SystemCredentialsProvider><domainCredentialsMap><entry><java.util.concurrent.CopyOnWriteArrayList><com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl><scope>GLOBAL</scope><id>corp-deploy-id</id><description>x</description><username>ada-jenkins</username><password>{{{base64.b64encode(b'x' + t.raw(40)).decode()}}}</password></com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl></java.util.concurrent.CopyOnWriteArrayList></entry></domainCredentialsMap></com.cloudbees.plugins.credentials.SystemCredentialsProvider>\n",
    )
    h.row("T2.jenkins", "corp-deploy-id", "ada-jenkins")
    h.put(".jenkins/secrets/master.key", (a := t.hexs(256)))
    h.row("T2.jenkins-master", "master.key", secret=a)
    h.put(".cache/huggingface/token", (a := t.hf()))
    h.row("T2.hf", "huggingface/token", secret=a)
    h.put(".cache/huggingface/stored_tokens", f"[laptop-write]\nhf_token = {(b := t.hf())}\n\n")
    h.row("T2.hf-stored", "laptop-write", secret=b)
    h.put(".kaggle/kaggle.json", {"username": "ada-kaggle", "key": (a := t.hexs(32))})
    h.row("T2.kaggle", "ada-kaggle", secret=a)
    h.put(
        ".databrickscfg",
        f"[DEFAULT]\nhost = https://adb-1.azuredatabricks.net\ntoken = dapi{(a := t.hexs(32))}-2\n\n[m2m]\nhost = https://adb-2.azuredatabricks.net\nclient_id = dbx-client-id\nclient_secret = dose{(b := t.hexs(32))}\n",
    )
    h.row("T2.databricks", "adb-1.azuredatabricks.net", secret=a)
    h.row("T2.databricks-m2m", "dbx-client-id", secret=b)
    h.put(
        ".databricks/token-cache.json",
        {
            "version": 1,
            "tokens": {
                "https://adb-3.azuredatabricks.net": {
                    "access_token": t.jwt(sub="ada@corp.example", exp=t.epoch(t.PAST))[0],
                    "refresh_token": (a := t.pick(60)),
                    "token_type": "Bearer",
                    "expiry": t.iso(t.PAST),
                }
            },
        },
    )
    h.row("T2.databricks-cache", "adb-3.azuredatabricks.net", secret=a)
    snow = h.pick(".config/snowflake", "Library/Application Support/snowflake", "AppData/Local/snowflake")
    h.put(
        f"{snow}/connections.toml",
        f'[prod]\naccount = "corp-snow1"\nuser = "ada_snow"\npassword = "{(a := t.pick(18))}"\nrole = "ACCOUNTADMIN"\n\n[pat]\naccount = "corp-snow2"\nuser = "ada_pat"\nauthenticator = "PROGRAMMATIC_ACCESS_TOKEN"\ntoken = "{(b := t.jwt(sub="x")[0])}"\n',
    )
    h.row("T2.snowflake", "corp-snow1", "ada_snow", secret=a)
    h.row("T2.snowflake-pat", "corp-snow2", "ada_pat", secret=b.split(".")[2])
    name = t.hexs(64)
    h.put(".cache/snowflake/credential_cache_v1.json", {"tokens": {name: (a := t.pick(80))}})
    h.row("T2.snowflake-cache", name, secret=a)
    h.put(
        "{support}/doctl/config.yaml",
        f"access-token: dop_v1_{(a := t.hexs(64))}\nauth-contexts:\n  work: dop_v1_{(b := t.hexs(64))}\ncontext: default\n",
    )
    h.row("T2.doctl", "doctl/config.yaml", ("default", "access-token"), secret=a)
    h.row("T2.doctl-context", "work", "doctl", secret=b)
    fly = "fm2_" + t.b64(150)
    h.put(
        ".fly/config.yml",
        f"access_token: {fly},fm2_{t.b64(150)}\nmetrics_token: FlyV1 fm2_{t.b64(120)}\nwire_guard_state:\n  corp-org:\n    org: corp-org\n    name: laptop\n    localprivate: {t.b64(32)}\n",
    )
    h.row("T2.fly", ".fly/config.yml", secret=fly[30:])
    h.put(
        ".config/stripe/config.toml",
        f'color = ""\n[default]\naccount_id = "acct_1Corp"\ndevice_name = "laptop"\ndisplay_name = "Corp"\ntest_mode_api_key = "rk_test_{(a := t.pick(90))}"\ntest_mode_key_expires_at = "{t.AHEAD:%Y-%m-%d}"\nlive_mode_api_key = "rk_live_*********abcd"\n',
    )
    h.row("T2.stripe", "acct_1Corp", secret=a)
    wr = h.pick(
        ".config/.wrangler/config/default.toml",
        "Library/Preferences/.wrangler/config/default.toml",
        "AppData/Roaming/xdg.config/.wrangler/config/default.toml",
    )
    h.put(
        wr,
        f'oauth_token = "{(a := t.pick(44))}.{t.pick(43)}"\nrefresh_token = "{(b := t.pick(44))}.{t.pick(43)}"\nexpiration_time = "{t.iso(t.PAST)}"\nscopes = [ "account:read" ]\n',
    )
    h.row("T2.wrangler", "default.toml", secret=b)
    tunnel = t.uuid()
    h.put(
        f".cloudflared/{tunnel}.json", {"AccountTag": t.hexs(32), "TunnelSecret": (a := t.b64(32)), "TunnelID": tunnel}
    )
    h.row("T2.cloudflared", tunnel, secret=a)
    h.put(
        h.pick(
            ".local/share/com.vercel.cli/auth.json",
            "Library/Application Support/com.vercel.cli/auth.json",
            "AppData/Roaming/xdg.data/com.vercel.cli/auth.json",
        ),
        {
            "token": (a := t.pick(24)),
            "userId": "vercel-user-1",
            "refreshToken": (b := t.pick(60)),
            "expiresAt": t.epoch(t.AHEAD),
        },
    )
    h.row("T2.vercel", ("vercel-user-1", "com.vercel.cli"), secret=(a, b))
    uid = t.hexs(24)
    h.put(
        h.pick(
            ".config/netlify/config.json",
            "Library/Preferences/netlify/config.json",
            "AppData/Roaming/netlify/Config/config.json",
        ),
        {
            "telemetryDisabled": True,
            "userId": uid,
            "users": {
                uid: {
                    "id": uid,
                    "name": "Ada",
                    "email": "ada.netlify@corp.example",
                    "auth": {"token": "nfp_" + (a := t.pick(36)), "github": {"user": None, "token": None}},
                }
            },
        },
    )
    h.row("T2.netlify", (uid, "ada.netlify@corp.example"), secret=a)
    h.put(".supabase/access-token", "sbp_" + (a := t.hexs(40)))
    h.row("T2.supabase", ".supabase/access-token", secret=a)
    h.put(
        ".pulumi/credentials.json",
        {
            "current": "https://api.pulumi.com",
            "accessTokens": {"https://api.pulumi.com": "pul-" + (a := t.hexs(40))},
            "accounts": {
                "https://api.pulumi.com": {
                    "accessToken": "pul-" + a,
                    "username": "ada-pulumi",
                    "organizations": ["corp"],
                    "lastValidatedAt": t.iso(t.NOW),
                    "tokenInformation": {"name": "laptop-token"},
                }
            },
        },
    )
    h.row("T2.pulumi", ("ada-pulumi", "laptop-token"), secret=a)
    h.put(
        ".okta/awscli-access-token.json",
        {
            "access_token": (
                j := t.jwt(cid="0oacid1", uid="00uada1", exp=t.epoch(t.later(minutes=40)), iss="https://corp.okta.com")
            )[0],
            "token_type": "Bearer",
            "expires_in": 3600,
        },
    )
    h.row("T2.okta-aws", ("00uada1", "0oacid1"), secret=j[1])
    h.put(
        ".okta/okta.yaml",
        f"okta:\n  client:\n    orgUrl: https://corp-api.okta.com\n    token: 00{(a := t.pick(40))}\n",
    )
    h.row("T2.okta-sdk", "corp-api.okta.com", secret=a)
    h.put(
        ".saml2aws",
        "[default]\nurl = https://idp.saml.example/app\nusername = ada-saml\nprovider = Okta\nmfa = Auto\nrole_arn = arn:aws:iam::210987654321:role/Admin\naws_profile = saml\n",
    )
    h.row("T2.saml2aws", "ada-saml", "idp.saml.example", public=True)
    h.put(
        ".awsvault/keys/prod-breakglass",
        "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyfQ."
        + t.b64u(40)
        + "."
        + t.b64u(12)
        + "."
        + t.b64u(200)
        + "."
        + t.b64u(16),
    )
    h.row("T2.aws-vault", "prod-breakglass")
    pair = keys.Pair("ada-tsh", org=("access",))
    h.put(".tsh/tele.corp.example.yaml", "web_proxy_addr: tele.corp.example:443\nuser: ada-tele\n")
    h.put(".tsh/keys/tele.corp.example/ada-tele-x509.pem", pair.pem)
    h.put(".tsh/keys/tele.corp.example/ada-tele", pair.private())
    h.row("T2.teleport", pair.key_want, secret=pair.secret)


def crypto(h: Home) -> None:
    folder = h.pick(".gnupg", ".gnupg", "AppData/Roaming/gnupg")
    found = keys.gnupg(h.at(folder), "Ada <ada@gpg.example>")
    h.last = folder
    h.row("T2.gnupg", found)
    h.put(".password-store/corp/db.gpg", b"\x84\x5e\x03" + t.raw(8) + b"\x12" + t.raw(84) + b"\xd2\x40\x01" + t.raw(63))
    h.put(".password-store/.gpg-id", found + "\n")
    h.row("T2.pass", "corp/db")
    import pyrage

    made = pyrage.x25519.Identity.generate()
    secret, public = str(made), str(made.to_public())
    h.put(
        h.pick(
            ".config/sops/age/keys.txt",
            "Library/Application Support/sops/age/keys.txt",
            "AppData/Roaming/sops/age/keys.txt",
        ),
        f"# created: 2026-01-01T00:00:00Z\n# public key: {public}\n{secret}\n",
    )
    h.row("T2.age", public, secret=secret[20:])
    h.put(
        ".config/op/config" if not h.windows else ".config/op/config",
        {
            "latest_signin": "corp",
            "device": t.lower(26),
            "accounts": [
                {
                    "shorthand": "corp",
                    "url": "https://corp.1password.example",
                    "email": "ada.op@corp.example",
                    "accountKey": "A3-"
                    + (a := "-".join([t.upper(6), t.upper(6), t.upper(5), t.upper(5), t.upper(5), t.upper(5)])),
                    "userUUID": t.upper(26),
                }
            ],
        },
    )
    h.row("T2.1password", "ada.op@corp.example", secret=a[14:])
    user = t.uuid()
    access, signature = t.jwt(sub=user, device=t.uuid(), email="ada.bw@corp.example", exp=t.epoch(t.later(hours=1)))
    h.put(
        "{support}/Bitwarden CLI/data.json",
        {
            "global_account_accounts": {user: {"email": "ada.bw@corp.example", "name": "Ada"}},
            f"user_{user}_token_accessToken": access,
            f"user_{user}_token_refreshToken": (r := t.b64u(64)),
            "stateVersion": 70,
        },
    )
    h.row("T2.bitwarden", (user, "ada.bw@corp.example"), secret=(signature, r))
    h.put("Documents/Passwords.kdbx", bytes.fromhex("03d9a29a67fb4bb5") + b"\0\0\4\0" + t.raw(600))
    h.row("T2.keepass", "Passwords.kdbx")
    ide = h.pick(
        ".config/JetBrains/IntelliJIdea2026.1",
        "Library/Application Support/JetBrains/IntelliJIdea2026.1",
        "AppData/Roaming/JetBrains/IntelliJIdea2026.1",
    )
    h.put(f"{ide}/c.kdbx", bytes.fromhex("03d9a29a67fb4bb5") + b"\0\0\4\0" + t.raw(400))
    h.put(f"{ide}/c.pwd", "encryption: BUILT_IN\nisAutogenerated: true\nvalue: !!binary " + t.b64(60))
    h.last = f"{ide}/c.kdbx"
    h.row("T2.jetbrains", "c.kdbx")
    h.put("src/app/http-client.private.env.json", {"dev": {"token": (a := t.pick(40))}})
    h.row("T2.http-client", "http-client.private.env.json", secret=a)


def rclone_obscure(word: str) -> str:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = bytes(
        [
            0x9C,
            0x93,
            0x5B,
            0x48,
            0x73,
            0x0A,
            0x55,
            0x4D,
            0x6B,
            0xFD,
            0x7C,
            0x63,
            0xC8,
            0x86,
            0xA9,
            0x2B,
            0xD3,
            0x90,
            0x19,
            0x8E,
            0xB8,
            0x12,
            0x8A,
            0xFB,
            0xF4,
            0xDE,
            0x16,
            0x2B,
            0x8B,
            0x95,
            0xF6,
            0x38,
        ]
    )
    iv = t.raw(16)
    enc = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return base64.urlsafe_b64encode(iv + enc.update(word.encode()) + enc.finalize()).decode().rstrip("=")


def clients(h: Home) -> None:
    word = t.pick(18)
    h.put(
        h.pick(".config/rclone/rclone.conf", ".config/rclone/rclone.conf", "AppData/Roaming/rclone/rclone.conf"),
        f"[gd]\ntype = drive\nclient_id = 99.apps.googleusercontent.com\ntoken = {json.dumps({'access_token': t.google_access(), 'token_type': 'Bearer', 'refresh_token': (r := t.google_refresh()), 'expiry': t.iso(t.PAST)})}\n\n[s3]\ntype = s3\naccess_key_id = {(k := t.aws_key())[0]}\nsecret_access_key = {k[1]}\n\n[box]\ntype = sftp\nhost = sftp.rc.example\nuser = ada-rc\npass = {rclone_obscure(word)}\n",
    )
    h.row("T2.rclone-drive", ("99.apps.googleusercontent.com", "gd"), secret=r)
    h.row("T2.rclone-s3", k[0], secret=k[1])
    h.row("T2.rclone-sftp", "sftp.rc.example", "ada-rc", secret=word)
    h.put(
        "Downloads/corp.postman_environment.json",
        {
            "id": t.uuid(),
            "name": "corp",
            "values": [{"key": "apiToken", "value": (a := t.pick(40)), "type": "secret", "enabled": True}],
            "_postman_variable_scope": "environment",
        },
    )
    h.row("T2.postman", "postman_environment.json", "apiToken", secret=a)
    h.put(
        "{support}/Insomnia/insomnia.Request.db",
        json.dumps(
            {
                "_id": "req_1",
                "type": "Request",
                "url": "https://api.insomnia.example/x",
                "name": "x",
                "authentication": {"type": "bearer", "token": (a := t.pick(40))},
            }
        )
        + "\n",
    )
    h.row("T2.insomnia", "api.insomnia.example", secret=a)
    h.put(
        h.pick(
            ".config/httpie/sessions/api.httpie.example/ada.json",
            ".config/httpie/sessions/api.httpie.example/ada.json",
            "AppData/Roaming/httpie/sessions/api.httpie.example/ada.json",
        ),
        {
            "__meta__": {"httpie": "3.2"},
            "auth": {"type": "basic", "raw_auth": f"ada-httpie:{(a := t.pick(16))}"},
            "cookies": [],
            "headers": [],
        },
    )
    h.row("T2.httpie", ("api.httpie.example", "ada-httpie"), secret=a)
    dbeaver = (
        h.pick(".local/share/DBeaverData", "Library/DBeaverData", "AppData/Roaming/DBeaverData")
        + "/workspace6/General/.dbeaver"
    )
    h.put(
        f"{dbeaver}/data-sources.json",
        {
            "folders": {},
            "connections": {
                "postgres-jdbc-1": {
                    "provider": "postgresql",
                    "driver": "postgres-jdbc",
                    "name": "prod",
                    "save-password": True,
                    "configuration": {
                        "host": "dbeaver.corp.example",
                        "port": "5432",
                        "database": "app",
                        "url": "jdbc:postgresql://dbeaver.corp.example:5432/app",
                        "user": "ada_beaver",
                    },
                }
            },
        },
    )
    h.put(
        f"{dbeaver}/credentials-config.json",
        _dbeaver({"postgres-jdbc-1": {"#connection": {"user": "ada_beaver", "password": (a := t.pick(18))}}}),
    )
    h.row("T2.dbeaver", "postgres-jdbc-1", secret=a)
    h.sqlite(
        h.pick(".pgadmin/pgadmin4.db", ".pgadmin/pgadmin4.db", "AppData/Roaming/pgAdmin/pgadmin4.db"),
        "CREATE TABLE server (id INTEGER PRIMARY KEY, user_id INTEGER, servergroup_id INTEGER, name TEXT, host TEXT, port INTEGER, maintenance_db TEXT, username TEXT, password TEXT, role TEXT);",
        [
            (
                "INSERT INTO server VALUES (1,1,1,'prod','pgadmin.corp.example',5432,'postgres','ada_pgadmin',?,NULL)",
                (t.b64(40),),
            )
        ],
    )
    h.row("T2.pgadmin", "pgadmin.corp.example", "ada_pgadmin")
    h.put(
        h.pick(
            ".config/filezilla/sitemanager.xml",
            ".config/filezilla/sitemanager.xml",
            "AppData/Roaming/FileZilla/sitemanager.xml",
        ),
        f'<?xml version="1.0"?>\n<FileZilla3><Servers><Server><Host>fz.corp.example</Host><Port>22</Port><User>ada-fz</User><Pass encoding="base64">{base64.b64encode((a := t.pick(16)).encode()).decode()}</Pass></Server></Servers></FileZilla3>\n',
    )
    h.row("T2.filezilla", "fz.corp.example", "ada-fz", secret=a)
    if h.linux:
        h.put(
            ".local/share/remmina/group_rdp_x.remmina",
            f"[remmina]\nname=prod\nprotocol=RDP\nserver=rdp.corp.example\nusername=ada-rdp\npassword={t.b64(24)}\n",
        )
        h.row("T2.remmina", "rdp.corp.example", "ada-rdp")
    if h.windows:
        h.put(
            "AppData/Roaming/mRemoteNG/confCons.xml",
            f'<?xml version="1.0" encoding="utf-8"?>\n<mrng:Connections xmlns:mrng="http://mremoteng.org" Name="Connections" EncryptionEngine="AES" BlockCipherMode="GCM" KdfIterations="1000" FullFileEncryption="false" Protected="{t.b64(60)}" ConfVersion="2.6"><Node Name="srv" Type="Connection" Username="ada-mrng" Domain="" Password="{t.b64(48)}" Hostname="mrng.corp.example" Protocol="RDP"/></mrng:Connections>',
        )
        h.row("T2.mremoteng", "mrng.corp.example", "ada-mrng")
        h.put(
            "AppData/Roaming/WinSCP.ini",
            f"[Sessions\\prod]\r\nHostName=winscp.corp.example\r\nUserName=ada-winscp\r\nPassword=A35C{t.upper(40)}\r\n",
        )
        h.row("T2.winscp", "winscp.corp.example", "ada-winscp")
        h.put(
            "Documents/server.rdp",
            "full address:s:rdpfile.corp.example\r\nusername:s:CORP\\ada-rdpfile\r\npassword 51:b:01000000D08C9DDF0115D1118C7A00C04FC297EB"
            + t.hexs(200).upper()
            + "\r\n",
        )
        h.row("T2.rdp-file", "rdpfile.corp.example", "ada-rdpfile")
    private = t.b64(32)
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    public = base64.b64encode(
        X25519PrivateKey.from_private_bytes(base64.b64decode(private)).public_key().public_bytes_raw()
    ).decode()
    h.put(
        h.pick("/etc/wireguard/wg0.conf", ".config/wireguard/wg0.conf", ".config/wireguard/wg0.conf"),
        f"[Interface]\nPrivateKey = {private}\nAddress = 10.1.0.2/32\n\n[Peer]\nPublicKey = {t.b64(32)}\nPresharedKey = {(psk := t.b64(32))}\nEndpoint = wg.corp.example:51820\nAllowedIPs = 0.0.0.0/0\n",
    )
    h.row("T2.wireguard", public, secret=(private, psk))
    pair = keys.Pair("ada-ovpn")
    h.put(
        "Downloads/corp.ovpn",
        f"client\nremote ovpn.corp.example 1194\n<ca>\n{keys.authority('Example Device CA')[0].public_bytes(keys.serialization.Encoding.PEM).decode()}</ca>\n<cert>\n{pair.pem}</cert>\n<key>\n{pair.private()}</key>\n",
    )
    h.row("T2.openvpn", pair.want, secret=pair.secret)
    if h.linux:
        h.put(
            "/etc/NetworkManager/system-connections/CorpWifi.nmconnection",
            f"[connection]\nid=CorpWifi\ntype=wifi\n\n[wifi]\nssid=CorpWifi\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={(a := t.pick(20))}\n",
        )
        h.row("T2.networkmanager", "CorpWifi", secret=a)
        h.put(
            "/var/lib/tailscale/tailscaled.state",
            {
                "_machinekey": base64.b64encode(b"privkey:" + t.hexs(64).encode()).decode(),
                "_current-profile": base64.b64encode(b"profile-1").decode(),
                "_profiles": base64.b64encode(
                    json.dumps(
                        {
                            "1": {
                                "ID": "1",
                                "Key": "profile-1",
                                "UserProfile": {"LoginName": "ada.tail@corp.example"},
                                "NodeID": "nTAIL1CNTRL",
                            }
                        }
                    ).encode()
                ).decode(),
                "profile-1": base64.b64encode(
                    json.dumps(
                        {
                            "Config": {
                                "PrivateNodeKey": "privkey:" + (a := t.hexs(64)),
                                "UserProfile": {"LoginName": "ada.tail@corp.example"},
                            }
                        }
                    ).encode()
                ).decode(),
            },
        )
        h.row("T2.tailscale", ("ada.tail@corp.example", "nTAIL1CNTRL"), secret=a)
    h.put(
        h.pick(
            ".config/ngrok/ngrok.yml", "Library/Application Support/ngrok/ngrok.yml", "AppData/Local/ngrok/ngrok.yml"
        ),
        f'version: "3"\nagent:\n    authtoken: {(a := t.pick(49))}\n    api_key: {(b := t.pick(48))}\n',
    )
    h.row("T2.ngrok", "ngrok.yml", "authtoken", secret=a)
    h.row("T2.ngrok-api", "ngrok.yml", ("api_key", "api-key"), secret=b)


def _dbeaver(value: dict) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key, iv = bytes.fromhex("babb4a9f774ab853c96c2d653dfe544a"), t.raw(16)
    data = json.dumps(value).encode()
    pad = 16 - len(data) % 16
    enc = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + enc.update(data + bytes([pad]) * pad) + enc.finalize()


def packages(h: Home) -> None:
    h.put(
        ".cargo/credentials.toml",
        f'[registry]\ntoken = "cio{(a := t.pick(32))}"\n\n[registries.corp]\ntoken = "{(b := t.pick(40))}"\n',
    )
    h.row("T2.cargo", ("crates.io", "registry"), ".cargo/credentials", secret=a)
    h.row("T2.cargo-registry", "corp", ".cargo/credentials", secret=b)
    h.put(".gem/credentials", f"---\n:rubygems_api_key: rubygems_{(a := t.hexs(48))}\n:corp_key: {(b := t.pick(40))}\n")
    h.row("T2.gem", "rubygems", ".gem/credentials", secret=a)
    h.row("T2.gem-named", "corp_key", secret=b)
    h.put(".bundle/config", f'---\nBUNDLE_GEMS__CORP__EXAMPLE: "ada-bundle:{(a := t.pick(20))}"\n')
    h.row("T2.bundler", "gems.corp.example", "ada-bundle", secret=a)
    h.put(
        h.pick(".config/composer/auth.json", ".composer/auth.json", "AppData/Roaming/Composer/auth.json"),
        {
            "github-oauth": {"github.com": (g := t.github())},
            "http-basic": {"repo.corp.example": {"username": "ada-composer", "password": (a := t.pick(18))}},
            "bearer": {"bearer.corp.example": (b := t.pick(40))},
        },
    )
    h.row("T2.composer", "repo.corp.example", "ada-composer", secret=a)
    h.row("T2.composer-github", "composer/auth.json", "github", secret=g)
    h.row("T2.composer-bearer", "bearer.corp.example", secret=b)
    h.put(
        h.pick(".nuget/NuGet/NuGet.Config", ".nuget/NuGet/NuGet.Config", "AppData/Roaming/NuGet/NuGet.Config"),
        f'<?xml version="1.0" encoding="utf-8"?>\n<configuration><packageSources><add key="corpfeed" value="https://nuget.corp.example/v3/index.json" /></packageSources><packageSourceCredentials><corpfeed><add key="Username" value="ada-nuget" /><add key="ClearTextPassword" value="{(a := t.pick(52))}" /></corpfeed></packageSourceCredentials></configuration>\n',
    )
    h.row("T2.nuget", "ada-nuget", ("corpfeed", "nuget.corp.example"), secret=a)
    h.put(
        ".m2/settings.xml",
        f"<settings><servers><server><id>corp-releases</id><username>ada-maven</username><password>{(a := t.pick(18))}</password></server></servers></settings>\n",
    )
    h.row("T2.maven", "corp-releases", "ada-maven", secret=a)
    h.put(
        ".gradle/gradle.properties",
        f"org.gradle.jvmargs=-Xmx2g\nsigning.password={(b := t.pick(18))}\ncorpArtifactoryPassword={(a := t.pick(18))}\n",
    )
    h.row("T2.gradle", "gradle.properties", "corpArtifactoryPassword", secret=a)
    h.row("T2.gradle-signing", "gradle.properties", "signing.password", secret=b)
    h.put(
        ".sbt/.credentials",
        f"realm=Sonatype Nexus\nhost=sbt.corp.example\nuser=ada-sbt\npassword={(a := t.pick(18))}\n",
    )
    h.row("T2.sbt", "sbt.corp.example", "ada-sbt", secret=a)
    h.put(
        h.pick(
            ".config/dart/pub-tokens.json",
            "Library/Application Support/dart/pub-tokens.json",
            "AppData/Roaming/dart/pub-tokens.json",
        ),
        {"version": 1, "hosted": [{"url": "https://pub.corp.example", "token": (a := t.pick(40))}]},
    )
    h.row("T2.pub", "pub.corp.example", secret=a)
    h.put(".hex/hex.config", f'{{<<"$write_key">>,<<"{(a := t.hexs(32))}">>}}.\n{{<<"$repos">>,#{{}}}}.\n')
    h.row("T2.hex", "hex.config", secret=a)


def more_clouds(h: Home) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    der = key.public_key().public_bytes(
        keys.serialization.Encoding.DER, keys.serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.md5(der).hexdigest()
    found = ":".join(digest[i : i + 2] for i in range(0, 32, 2))
    h.put(
        ".oci/config",
        f"[DEFAULT]\nuser=ocid1.user.oc1..aaaa{t.lower(20)}\nfingerprint={found}\ntenancy=ocid1.tenancy.oc1..aaaa{t.lower(20)}\nregion=eu-frankfurt-1\nkey_file=~/.oci/oci_api_key.pem\n",
    )
    h.put(
        ".oci/oci_api_key.pem",
        key.private_bytes(
            keys.serialization.Encoding.PEM, keys.serialization.PrivateFormat.PKCS8, keys.serialization.NoEncryption()
        ),
    )
    h.row("T2.oci", found)
    h.put(
        ".aliyun/config.json",
        {
            "current": "default",
            "profiles": [
                {
                    "name": "default",
                    "mode": "AK",
                    "access_key_id": (i := "LTAI5t" + t.pick(18)),
                    "access_key_secret": (a := t.pick(30)),
                    "region_id": "eu-central-1",
                }
            ],
        },
    )
    h.row("T2.aliyun", i, secret=a)
    access, sig = t.jwt(iam_id="IBMid-77", sub="ada.ibm@corp.example", exp=t.epoch(t.later(hours=1)))
    h.put(
        ".bluemix/config.json",
        {
            "IAMToken": f"Bearer {access}",
            "IAMRefreshToken": (a := t.pick(200)),
            "Account": {"GUID": t.hexs(32), "Name": "Corp", "Owner": "x"},
            "APIEndpoint": "https://cloud.ibm.com",
        },
    )
    h.row("T2.ibm", ("ada.ibm@corp.example", "IBMid-77"), secret=(a, sig))
    h.put(
        ".config/linode-cli" if not h.windows else ".config/linode-cli",
        f"[DEFAULT]\ndefault-user = ada-linode\n\n[ada-linode]\ntoken = {(a := t.hexs(64))}\nregion = eu-central\n",
    )
    h.row("T2.linode", "ada-linode", secret=a)
    h.put(
        h.pick(".config/hcloud/cli.toml", ".config/hcloud/cli.toml", "AppData/Roaming/hcloud/cli.toml"),
        f'active_context = "corp-hc"\n\n[[contexts]]\nname = "corp-hc"\ntoken = "{(a := t.pick(64))}"\n',
    )
    h.row("T2.hcloud", "corp-hc", secret=a)
    h.put(
        ".config/scw/config.yaml",
        f"access_key: {(i := 'SCW' + t.upper(17))}\nsecret_key: {(a := t.uuid())}\ndefault_organization_id: {t.uuid()}\n",
    )
    h.row("T2.scaleway", i, secret=a)
    h.put(".vultr-cli.yaml", f"api-key: {(a := t.upper(36))}\n")
    h.row("T2.vultr", ".vultr-cli.yaml", secret=a)
    h.put(
        ".config/openstack/clouds.yaml" if not h.windows else ".config/openstack/clouds.yaml",
        f"clouds:\n  corpcloud:\n    auth:\n      auth_url: https://keystone.corp.example/v3\n      username: ada-os\n      password: {(a := t.pick(18))}\n      project_name: x\n",
    )
    h.row("T2.openstack", "ada-os", ("keystone.corp.example", "corpcloud"), secret=a)
    h.put(
        "Downloads/corp-openrc.sh",
        f'export OS_AUTH_URL=https://keystone2.corp.example/v3\nexport OS_USERNAME="ada-rc"\nexport OS_PASSWORD="{(a := t.pick(18))}"\n',
    )
    h.row("T2.openrc", "openrc.sh", ("OS_PASSWORD", "ada-rc"), secret=a)
    h.put(
        ".config/yandex-cloud/config.yaml",
        f"current: default\nprofiles:\n  default:\n    token: y0_{(a := t.pick(55))}\n    cloud-id: b1gcloud\n",
    )
    h.row("T2.yandex", "yandex-cloud", secret=a)
    h.put(
        ".ovh.conf",
        f"[default]\nendpoint=ovh-eu\n\n[ovh-eu]\napplication_key={(i := t.hexs(16))}\napplication_secret={(a := t.hexs(32))}\nconsumer_key={(b := t.hexs(32))}\n",
    )
    h.row("T2.ovh", i, secret=(a, b))
    h.put(".civo.json", {"apikeys": {"laptop-civo": (a := t.pick(50))}, "meta": {"current_apikey": "laptop-civo"}})
    h.row("T2.civo", "laptop-civo", secret=a)
    h.put(".railway/config.json", {"projects": {}, "user": {"token": (a := "rw_Fe26.2**" + t.pick(60))}})
    h.row("T2.railway", ".railway/config.json", secret=a[20:])
    h.put(
        ".render/cli.yaml",
        f"workspace: tea-x\napi:\n  key: rnd_{(a := t.pick(28))}\n  host: https://api.render.com/v1/\n",
    )
    h.row("T2.render", ".render/cli.yaml", secret=a)
    h.put(
        ".slack/credentials.json",
        {
            "T0CORP123": {
                "token": "xoxe.xoxp-1-" + (a := t.pick(140)),
                "refresh_token": "xoxe-1-" + (b := t.pick(140)),
                "team_domain": "corp-slack",
                "team_id": "T0CORP123",
                "user_id": "U0ADA1234",
                "exp": t.epoch(t.AHEAD),
                "last_updated": t.iso(t.NOW),
            }
        },
    )
    h.row("T2.slack-cli", "T0CORP123", ("U0ADA1234", "corp-slack"), secret=(a, b))
    slack = h.pick(".config/Slack", "Library/Application Support/Slack", "AppData/Roaming/Slack")
    h.put(
        f"{slack}/storage/root-state.json",
        {"workspaces": {"T0DESK123": {"id": "T0DESK123", "domain": "desk-slack", "name": "Desk", "order": 0}}},
    )
    from tests.planted.rows_os import _COOKIES_NEW, _new

    h.sqlite(f"{slack}/Cookies", _COOKIES_NEW, [_new(".slack.com", "d", 1, t.AHEAD)])
    h.row("T2.slack-desktop", "slack.com", "slack/")
    jupyter = h.pick(".local/share/jupyter/runtime", "Library/Jupyter/runtime", "AppData/Roaming/jupyter/runtime")
    h.put(
        f"{jupyter}/jpserver-4242.json",
        {
            "base_url": "/",
            "hostname": "localhost",
            "password": False,
            "pid": 4242,
            "port": 8899,
            "root_dir": "/",
            "secure": False,
            "token": (a := t.hexs(48)),
            "url": "http://localhost:8899/",
            "version": "2",
        },
    )
    h.row("T2.jupyter", ("localhost:8899", "jpserver-4242"), secret=a)
    h.put(
        "src/nb/analysis.ipynb",
        {
            "cells": [
                {
                    "cell_type": "code",
                    "source": ["import os\n", f"os.environ['OPENAI_API_KEY'] = '{(a := t.openai())}'\n"],
                    "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"token {(b := t.github())}\n"]}],
                    "metadata": {},
                }
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
    )
    h.row("T2.notebook", "analysis.ipynb", "openai", secret=a)
    h.row("T2.notebook-output", "analysis.ipynb", "github", secret=b)
    h.put(".vault_pass", (a := t.pick(24)) + "\n")
    h.row("T2.ansible-pass", ".vault_pass", secret=a)
    h.put(".ansible/galaxy_token", f"token: {(a := t.hexs(40))}\n")
    h.row("T2.galaxy", "galaxy_token", secret=a)
    h.put(
        "src/ans/inventory/hosts.ini",
        f"[web]\nweb1.corp.example ansible_user=ada-ans ansible_password={(a := t.pick(16))}\n",
    )
    h.row("T2.ansible-inventory", ("hosts.ini", "web1.corp.example"), secret=a)
    pair = keys.Pair("chef", kind="rsa")
    h.put(".chef/ada.pem", pair.private(keys.serialization.PrivateFormat.TraditionalOpenSSL))
    h.put(
        ".chef/credentials",
        '[default]\nclient_name = "ada-chef"\nclient_key = "ada.pem"\nchef_server_url = "https://chef.corp.example/organizations/corp"\n',
    )
    h.row("T2.chef", ("ada-chef", *pair.key_want, ".chef/ada.pem"), secret=pair.secret)
    h.put(".puppetlabs/token", (a := t.pick(60)))
    h.row("T2.puppet", ".puppetlabs/token", secret=a)
    h.put(
        ".sfdx/ada@sf.example.json",
        {
            "accessToken": t.hexs(80),
            "refreshToken": t.hexs(80),
            "instanceUrl": "https://corp.my.salesforce.example",
            "loginUrl": "https://login.salesforce.com",
            "orgId": "00D000000000001",
            "username": "ada@sf.example",
            "clientId": "PlatformCLI",
            "isDevHub": True,
        },
    )
    h.row("T2.salesforce", "ada@sf.example")


ROWS = (hosts, crypto, clients, packages, more_clouds)
