"""Second and third tier again: more of the long tail, older places, and what only one system has."""

from __future__ import annotations

import base64
import json
import struct

from tests.planted import tokens as t
from tests.planted.layout import Home


def network(h: Home) -> None:
    if h.linux:
        h.put(
            "/etc/ipsec.secrets",
            f'vpn.corp.example %any : PSK "{(a := t.pick(24))}"\nada-ike : EAP "{(b := t.pick(18))}"\n',
        )
        h.row("tail.ipsec-psk", "vpn.corp.example", secret=a)
        h.row("tail.ipsec-eap", "ada-ike", secret=b)
        h.put("/var/lib/zerotier-one/identity.secret", f"{(i := t.hexs(10))}:0:{t.hexs(128)}:{(a := t.hexs(128))}")
        h.row("tail.zerotier", i, secret=a)
        h.put(
            "/etc/netbird/config.json",
            {
                "PrivateKey": (a := t.b64(32)),
                "PreSharedKey": "",
                "SSHKey": "",
                "ManagementURL": {"Scheme": "https", "Host": "nb.corp.example:443"},
            },
        )
        h.row("tail.netbird", "nb.corp.example", secret=a)
        h.put(
            "/var/lib/cloudflare-warp/reg.json",
            {
                "registration_id": (i := t.uuid()),
                "api_token": (a := t.uuid()),
                "secret_key": t.b64(32),
                "public_key": t.b64(32),
            },
        )
        h.row("tail.warp", i, secret=a)
        h.put(
            "/etc/openvpn/client/corp.conf",
            "client\nremote ovpn2.corp.example 1194\nauth-user-pass /etc/openvpn/client/auth.txt\n",
        )
        h.put("/etc/openvpn/client/auth.txt", f"ada-ovpn\n{(a := t.pick(16))}\n")
        h.row("tail.openvpn-auth", ("ada-ovpn", "auth.txt"), secret=a)
        h.put("/etc/buildkite-agent/buildkite-agent.cfg", f'token="{(a := t.hexs(50))}"\n')
        h.row("tail.buildkite-etc", "etc/buildkite-agent", secret=a)
        h.put(
            "/etc/gitlab-runner/config.toml",
            f'[[runners]]\n  name = "etc"\n  url = "https://gitlab.corp.example"\n  id = 5512\n  token = "glrt-{(a := t.pick(20))}"\n  executor = "docker"\n',
        )
        h.row("tail.gitlab-runner-etc", "5512", secret=a)
        h.put("/etc/datadog-agent/datadog.yaml", f"api_key: {(a := t.hexs(32))}\nsite: datadoghq.eu\n")
        h.row("tail.datadog-agent", "datadog.yaml", secret=a)
        h.put(
            "/var/lib/cloud/instances/i-1/user-data.txt",
            f"#cloud-config\nwrite_files:\n- content: |\n    GITHUB_TOKEN={(a := t.github())}\n",
        )
        h.row("tail.user-data", "user-data.txt", secret=a)
        h.put("/etc/fstab", "//srv/x /mnt cifs username=ada-fstab,password=" + (a := t.pick(16)) + " 0 0\n", 0o644)
        h.row("tail.fstab", ("ada-fstab", "etc/fstab"), secret=a)
        h.put(".config/remmina/remmina.pref", "[remmina_pref]\nsecret=" + t.b64(32) + "\n")
        h.put(".vnc/passwd", t.raw(8))
        h.row("tail.vnc", ".vnc/passwd")
    if h.windows:
        h.put(
            "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ISE_history.txt",
            f"net use z: \\\\srv\\x /user:CORP\\ada-netuse {(a := t.pick(12) + '7')}\r\n",
        )
        h.row("tail.net-use", "ada-netuse", secret=a)
        h.put(
            "/inetpub/wwwroot/web.config",
            f'<?xml version="1.0"?><configuration><connectionStrings><add name="Main" connectionString="Server=iis.corp.example;Database=x;User Id=ada_iis;Password={(a := t.pick(16))}" /></connectionStrings></configuration>',
        )
        h.row("tail.web-config", "ada_iis", "iis.corp.example", secret=a)
        h.put(
            "AppData/Roaming/mobaxterm/MobaXterm.ini",
            "[Passwords]\nssh22:ada-moba@moba.corp.example=" + t.pick(24) + "\n",
        )
        h.row("tail.mobaxterm", "ada-moba", "moba.corp.example")
        h.put(
            "Documents/servers.rdg",
            f'<?xml version="1.0"?><RDCMan programVersion="2.7"><file><server><properties><name>rdg.corp.example</name></properties><logonCredentials inherit="None"><userName>ada-rdg</userName><password>{t.b64(60)}</password><domain>CORP</domain></logonCredentials></server></file></RDCMan>',
        )
        h.row("tail.rdcman", "ada-rdg")
        h.put(
            "AppData/Roaming/HeidiSQL/portable_settings.txt",
            f"Servers\\prod\\Host<|||>1<|||>heidi.corp.example\r\nServers\\prod\\User<|||>1<|||>ada_heidi\r\nServers\\prod\\Password<|||>1<|||>{t.hexs(21)}\r\n",
        )
        h.row("tail.heidisql", "heidi.corp.example", "ada_heidi")
        h.put("Windows/x.txt", "x")
        h.put(
            "/Windows/System32/config/systemprofile/.aws/credentials",
            f"[default]\naws_access_key_id={(k := t.aws_key())[0]}\naws_secret_access_key={k[1]}\n",
        )
        h.row("tail.systemprofile-aws", k[0], secret=k[1])
        h.put(
            "/Windows.old/Users/ada/.aws/credentials",
            f"[default]\naws_access_key_id={(k := t.aws_key())[0]}\naws_secret_access_key={k[1]}\n",
        )
        h.row("tail.windows-old", k[0], secret=k[1])
    if h.macos:
        h.put(
            "Library/Containers/com.corp.tool/Data/.aws/credentials",
            f"[default]\naws_access_key_id={(k := t.aws_key())[0]}\naws_secret_access_key={k[1]}\n",
        )
        h.row("tail.mac-container", k[0], secret=k[1])
        h.put(
            "Library/Application Support/Cyberduck/Bookmarks/x.duck",
            '<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>Protocol</key><string>sftp</string><key>Hostname</key><string>duck.corp.example</string><key>Username</key><string>ada-duck</string></dict></plist>',
        )
        h.row("tail.cyberduck", "duck.corp.example", public=True)


def tools(h: Home) -> None:
    h.put(".huggingface/token", (a := t.hf()))
    h.row("tail.hf-legacy", ".huggingface/token", secret=a)
    h.put(".kaggle/access_token", "KGAT_" + (a := t.hexs(32)))
    h.row("tail.kaggle-token", "access_token", secret=a)
    h.put(".wrangler/config/default.toml", f'api_token = "{(a := t.pick(40))}"\n')
    h.row("tail.wrangler-legacy", ".wrangler/config/default.toml", secret=a)
    h.put(".now/auth.json", {"token": (a := t.pick(24))})
    h.row("tail.vercel-now", ".now/auth.json", secret=a)
    h.put(
        ".netlify/config.json",
        {
            "userId": (i := t.hexs(24)),
            "users": {i: {"id": i, "email": "old.netlify@corp.example", "auth": {"token": (a := t.pick(43))}}},
        },
    )
    h.row("tail.netlify-legacy", (i, "old.netlify@corp.example"), secret=a)
    h.put(
        ".okta/config.properties",
        f"okta.client.orgUrl=https://corp-prop.okta.com\nokta.client.token=00{(a := t.pick(40))}\n",
    )
    h.row("tail.okta-properties", "corp-prop.okta.com", secret=a)
    h.put(".ngrok2/ngrok.yml", f"authtoken: {(a := t.pick(49))}\n")
    h.row("tail.ngrok-legacy", ".ngrok2/ngrok.yml", secret=a)
    h.put(".rclone.conf", f"[old]\ntype = s3\naccess_key_id = {(k := t.aws_key())[0]}\nsecret_access_key = {k[1]}\n")
    h.row("tail.rclone-legacy", k[0], secret=k[1])
    h.put(".local/share/gem/credentials", f"---\n:rubygems_api_key: rubygems_{(a := t.hexs(48))}\n")
    h.row("tail.gem-xdg", "gem/credentials", secret=a)
    h.put(".cargo/credentials", f'[registry]\ntoken = "cio{(a := t.pick(32))}"\n')
    h.row("tail.cargo-legacy", ".cargo/credentials", secret=a)
    h.put(".ivy2/.credentials", f"realm=Sonatype\nhost=ivy.corp.example\nuser=ada-ivy\npassword={(a := t.pick(18))}\n")
    h.row("tail.ivy", "ivy.corp.example", "ada-ivy", secret=a)
    h.put(
        ".conan2/credentials.json",
        {"credentials": [{"remote": "corpconan", "user": "ada-conan", "password": (a := t.pick(18))}]},
    )
    h.row("tail.conan", "ada-conan", secret=a)
    h.put(".m2/settings-security.xml", "<settingsSecurity><master>{" + t.b64(48) + "}</master></settingsSecurity>")
    h.row("tail.maven-master", "settings-security.xml")
    h.put(
        "{support}/MongoDB Compass/Connections/x.json",
        {
            "id": "c1",
            "connectionInfo": {
                "id": "c1",
                "connectionOptions": {
                    "connectionString": f"mongodb+srv://ada_compass:{(a := t.pick(16))}@compass.corp.example/"
                },
                "favorite": {"name": "prod"},
            },
        },
    )
    h.row("tail.compass", "ada_compass", "compass.corp.example", secret=a)
    h.put(
        ".3T/robo-3t/1.4.4/robo3t.json",
        {
            "connections": [
                {
                    "connectionName": "x",
                    "serverHost": "robo.corp.example",
                    "serverPort": 27017,
                    "credentials": [
                        {
                            "userName": "ada_robo",
                            "userPasswordEncrypted": t.b64(24),
                            "mechanism": "SCRAM-SHA-256",
                            "databaseName": "admin",
                            "enabled": True,
                        }
                    ],
                }
            ]
        },
    )
    h.row("tail.robo3t", "robo.corp.example", "ada_robo")
    h.sqlite(
        ".redis-insight/redisinsight.db",
        "CREATE TABLE database_instance (id varchar PRIMARY KEY, host varchar, port integer, name varchar, username varchar, password varchar, encryption varchar);",
        [
            (
                "INSERT INTO database_instance VALUES (?,?,?,?,?,?,?)",
                ("u1", "redis.corp.example", 6379, "prod", "ada_redis", t.b64(24), "KEYTAR"),
            )
        ],
    )
    h.row("tail.redis-insight", "redis.corp.example")
    h.put(".config/configstore/@google-cloud.json", {"credentials": {"refresh_token": (a := t.google_refresh())}})
    h.row("tail.configstore-google", "@google-cloud.json", secret=a)
    h.put(
        "sonar/sonar-project.properties",
        f"sonar.host.url=https://sonar.corp.example\nsonar.token=sqp_{(a := t.hexs(40))}\n",
    )
    h.row("tail.sonar", ("sonar.corp.example", "sonar-project.properties"), secret=a)
    h.put(".config/goose/config.yaml.bak", f"extensions:\n  x:\n    envs:\n      GITHUB_TOKEN: {(a := t.github())}\n")
    h.row("tail.goose-bak", "config.yaml.bak", secret=a)
    h.put(
        ".docker/trust/private/" + t.hexs(64) + ".key",
        f"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: root\n\n{t.b64(120)}\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    h.row("tail.docker-trust", "trust/private")
    h.put(
        ".minisign/minisign.key",
        f"untrusted comment: minisign encrypted secret key\n{base64.b64encode(b'EdScB2' + t.raw(152)).decode()}\n",
    )
    h.row("tail.minisign", "minisign.key")
    h.put(".config/borg/keys/backup_corp", f"BORG_KEY {(i := t.hexs(64))}\n{t.b64(200)}\n")
    h.row("tail.borg", i)
    h.put(".config/onedrive/refresh_token", "M.C5_BAY." + (a := t.pick(200)))
    h.row("tail.onedrive", "onedrive/refresh_token", secret=a)
    h.put(
        "{support}/Nextcloud/nextcloud.cfg" if not h.macos else "Library/Preferences/Nextcloud/nextcloud.cfg",
        "[Accounts]\n0\\url=https://cloud.corp.example\n0\\dav_user=ada-nc\n",
    )
    h.row("tail.nextcloud", "cloud.corp.example", public=True)
    h.put(
        ".config/chrome-remote-desktop/host#abc.json",
        {
            "host_id": (i := t.uuid()),
            "xmpp_login": "ada@corp.example",
            "private_key": t.b64(300),
            "oauth_refresh_token": (a := t.google_refresh()),
            "host_name": "laptop",
        },
    )
    if h.linux:
        h.row("tail.chrome-remote-desktop", i, secret=a)
        h.put(
            ".anydesk/service.conf",
            f"ad.anynet.id=123456789\nad.anynet.pwd_hash={t.hexs(64)}\nad.anynet.pkey={t.hexs(100)}\n",
        )
        h.row("tail.anydesk", "123456789")
    h.put(".config/helm/x", "x")
    h.put(
        "{xdg}/helm/registry.json.bak",
        {
            "auths": {
                "bakreg.corp.example": {"auth": base64.b64encode(f"ada-bak:{(a := t.pick(16))}".encode()).decode()}
            }
        },
    )
    h.put(".config/hub", f"github.com:\n- user: ada-hub\n  oauth_token: {(a := t.checked('gho'))}\n  protocol: https\n")
    h.row("tail.hub", "ada-hub", secret=a)
    h.put(".config/gist" if h.windows else ".gist", (a := t.github()))
    if not h.windows:
        h.row("tail.gist", ".gist", secret=a)
    h.put(".config/gopass/config", "x")
    h.put(
        ".local/share/gopass/stores/root/corp/api.gpg",
        b"\x84\x5e\x03" + t.raw(8) + b"\x12" + t.raw(84) + b"\xd2\x40\x01" + t.raw(63),
    )
    h.row("tail.gopass", "corp/api")
    h.put(
        "Documents/keys.keyx",
        '<?xml version="1.0"?><KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash="AABBCCDD">'
        + t.hexs(64).upper()
        + "</Data></Key></KeyFile>",
    )
    h.row("tail.keyx", "keys.keyx")
    h.put(
        "Downloads/lastpass_export.csv",
        f"url,username,password,totp,extra,name,grouping,fav\nhttps://lp.site.example,ada-lp,{(a := t.pick(16))},,,site,,0\n",
    )
    h.row("tail.lastpass", ("lp.site.example", "lastpass_export.csv"), secret=a)
    h.put("Documents/Notes/vault/daily.md", f"token {(a := t.github())}\n")
    h.row("tail.obsidian", "daily.md", secret=a)
    h.put(
        ".local/share/nvim/shada/main.shada",
        b"\x04\xce" + struct.pack(">I", 1764000000) + f"export GITLAB_TOKEN={(a := t.gitlab())}".encode(),
    )
    h.row("tail.shada", "main.shada", secret=a)
    h.put("src/app/.env~", f"SLACK_TOKEN={(a := t.slack_bot())}\n")
    h.row("tail.env-tilde", ".env~", "slack", secret=a[-24:])
    h.put("src/app/.env.production.local.old", f"API_SECRET_KEY={(a := t.pick(36))}\n")
    h.row("tail.env-old", "API_SECRET_KEY", secret=a)
    h.put("src/app/api.http", f"GET https://api.http.example/x\nAuthorization: Bearer {(a := t.github())}\n")
    h.row("tail.http-file", "api.http", secret=a)
    h.put("src/app/bruno/x.bru", f"auth:bearer {{\n  token: {(a := t.github())}\n}}\n")
    h.row("tail.bruno", "x.bru", secret=a)
    h.sqlite(
        ".aws/cli/history/history.db",
        "CREATE TABLE records (id TEXT, request_id TEXT, source TEXT, event_type TEXT, timestamp INTEGER, payload TEXT);",
        [
            (
                "INSERT INTO records VALUES (?,?,?,?,?,?)",
                (
                    "1",
                    "2",
                    "AWSCLI",
                    "CLI_ARGUMENTS",
                    1764000000000,
                    json.dumps(["iam", "create-login-profile", "--password", (a := t.pick(16) + "7")]),
                ),
            )
        ],
    )
    h.row("tail.aws-history", "history.db", secret=a)


ROWS = (network, tools)
