"""First tier: what operating systems and browsers keep: keyrings, credential managers, cookies, saved logins, certificates."""

from __future__ import annotations

import base64
import hashlib
import json
import struct

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home

DPAPI = bytes.fromhex("01000000d08c9ddf0115d1118c7a00c04fc297eb")


def webkit(at) -> int:
    return int((t.epoch(at) + 11644473600) * 1_000_000)


_COOKIES_NEW = """CREATE TABLE meta(key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
CREATE TABLE cookies(creation_utc INTEGER NOT NULL,host_key TEXT NOT NULL,top_frame_site_key TEXT NOT NULL,name TEXT NOT NULL,value TEXT NOT NULL,encrypted_value BLOB NOT NULL,path TEXT NOT NULL,expires_utc INTEGER NOT NULL,is_secure INTEGER NOT NULL,is_httponly INTEGER NOT NULL,last_access_utc INTEGER NOT NULL,has_expires INTEGER NOT NULL,is_persistent INTEGER NOT NULL,priority INTEGER NOT NULL,samesite INTEGER NOT NULL,source_scheme INTEGER NOT NULL,source_port INTEGER NOT NULL,last_update_utc INTEGER NOT NULL,source_type INTEGER NOT NULL,has_cross_site_ancestor INTEGER NOT NULL);"""
_COOKIES_OLD = "CREATE TABLE cookies (creation_utc INTEGER NOT NULL PRIMARY KEY,host_key TEXT NOT NULL,name TEXT NOT NULL,value TEXT NOT NULL,path TEXT NOT NULL,expires_utc INTEGER NOT NULL,secure INTEGER NOT NULL,httponly INTEGER NOT NULL,last_access_utc INTEGER NOT NULL, has_expires INTEGER NOT NULL DEFAULT 1, persistent INTEGER NOT NULL DEFAULT 1,priority INTEGER NOT NULL DEFAULT 1,encrypted_value BLOB DEFAULT '',firstpartyonly INTEGER NOT NULL DEFAULT 0);"
_LOGINS = "CREATE TABLE logins (origin_url VARCHAR NOT NULL, action_url VARCHAR, username_element VARCHAR, username_value VARCHAR, password_element VARCHAR, password_value BLOB, submit_element VARCHAR, signon_realm VARCHAR NOT NULL, date_created INTEGER NOT NULL, blacklisted_by_user INTEGER NOT NULL, scheme INTEGER NOT NULL, times_used INTEGER, date_last_used INTEGER NOT NULL DEFAULT 0, id INTEGER PRIMARY KEY AUTOINCREMENT);"


def _new(host: str, name: str, n: int, expires) -> tuple[str, tuple]:
    at = webkit(t.later(days=-2)) + n
    return f"INSERT INTO cookies VALUES ({','.join('?' * 20)})", (
        at,
        host,
        "",
        name,
        "",
        b"v10" + t.raw(64),
        "/",
        webkit(expires),
        1,
        1,
        at,
        1,
        1,
        1,
        0,
        2,
        443,
        at,
        0,
        0,
    )


def chromium(h: Home) -> None:
    hosts = (
        ("github.com", "user_session"), (".login.microsoftonline.com", "ESTSAUTHPERSISTENT"), ("accounts.google.com", "LSID"), ("corp.okta.com", "sid"),
        (".slack.com", "d"), ("claude.ai", "sessionKey"), (".chatgpt.com", "__Secure-next-auth.session-token.0"), ("signin.aws.amazon.com", "aws-creds"),
        ("id.atlassian.com", "cloud.session.token"), ("gitlab.com", "_gitlab_session"), ("app.datadoghq.com", "dogweb"), ("www.notion.so", "token_v2"),
    )  # fmt: skip
    h.sqlite(
        "{chrome}/Default/Network/Cookies",
        _COOKIES_NEW,
        [_new(host, name, n, t.AHEAD) for n, (host, name) in enumerate(hosts)]
        + [_new("old.okta.com", "sid", 99, t.PAST)],
        wal=True,
    )
    for host, _ in hosts:
        site = host.lstrip(".")
        h.row(f"T1-19.cookie-{host}", (f"={site}", ".".join(site.split(".")[-2:])))
    h.row("T1-19.cookie-expired", "old.okta.com", expired=True)
    h.put(
        "{chrome}/Local State",
        {
            "os_crypt": {"encrypted_key": base64.b64encode(b"DPAPI" + DPAPI + t.raw(200)).decode()},
            "profile": {
                "info_cache": {
                    "Default": {
                        "user_name": "ada.chrome@corp.example",
                        "gaia_id": t.digits(21),
                        "hosted_domain": "corp.example",
                        "name": "Ada",
                    }
                }
            },
        },
    )
    h.row("T1-19.account", "ada.chrome@corp.example", public=True)
    at = webkit(t.later(days=-9))
    h.sqlite(
        "{chrome}/Default/Login Data",
        _LOGINS,
        [
            (
                f"INSERT INTO logins VALUES ({','.join('?' * 14)})",
                (
                    "https://login.site.example/in",
                    "",
                    "",
                    "ada-login",
                    "",
                    b"v10" + t.raw(40),
                    "",
                    "https://login.site.example/",
                    at,
                    0,
                    0,
                    3,
                    at,
                    1,
                ),
            )
        ],
    )
    h.row("T1-19.login", "login.site.example", "ada-login")
    h.sqlite(
        "{chrome}/Default/Web Data",
        "CREATE TABLE token_service (service VARCHAR PRIMARY KEY NOT NULL,encrypted_token BLOB, binding_key BLOB);",
        [("INSERT INTO token_service VALUES (?,?,?)", ("AccountId-107712345678901234567", b"v10" + t.raw(80), b""))],
    )
    h.row("T1-19.token-service", "107712345678901234567")
    old = h.pick(
        ".config/chromium/Profile 1/Cookies",
        "Library/Application Support/Chromium/Profile 1/Cookies",
        "AppData/Local/Chromium/User Data/Profile 1/Cookies",
    )
    h.sqlite(
        old,
        _COOKIES_OLD,
        [
            (
                "INSERT INTO cookies VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (at, "oldschema.okta.com", "sid", "", "/", webkit(t.AHEAD), 1, 1, at, 1, 1, 1, b"v10" + t.raw(40), 0),
            )
        ],
    )
    h.row("T1-19.cookie-old-schema", "oldschema.okta.com")
    for name, place in (
        (
            "edge",
            h.pick(
                ".config/microsoft-edge",
                "Library/Application Support/Microsoft Edge",
                "AppData/Local/Microsoft/Edge/User Data",
            ),
        ),
        (
            "brave",
            h.pick(
                ".config/BraveSoftware/Brave-Browser",
                "Library/Application Support/BraveSoftware/Brave-Browser",
                "AppData/Local/BraveSoftware/Brave-Browser/User Data",
            ),
        ),
        (
            "vivaldi",
            h.pick(".config/vivaldi", "Library/Application Support/Vivaldi", "AppData/Local/Vivaldi/User Data"),
        ),
    ):
        h.sqlite(f"{place}/Default/Network/Cookies", _COOKIES_NEW, [_new(f"{name}.okta.com", "sid", 1, t.AHEAD)])
        h.row(f"T1-19.{name}", f"{name}.okta.com")
    opera = h.pick(
        ".config/opera/Default/Cookies",
        "Library/Application Support/com.operasoftware.Opera/Default/Network/Cookies",
        "AppData/Roaming/Opera Software/Opera Stable/Network/Cookies",
    )
    h.sqlite(opera, _COOKIES_NEW, [_new("opera.okta.com", "sid", 1, t.AHEAD)])
    h.row("T1-19.opera", "opera.okta.com")
    if h.linux:
        h.sqlite(
            "snap/chromium/common/chromium/Default/Cookies", _COOKIES_NEW, [_new("snap.okta.com", "sid", 1, t.AHEAD)]
        )
        h.row("T1-19.snap", "snap.okta.com")
        h.sqlite(
            ".var/app/com.google.Chrome/config/google-chrome/Default/Cookies",
            _COOKIES_NEW,
            [_new("flatpak.okta.com", "sid", 1, t.AHEAD)],
        )
        h.row("T1-19.flatpak", "flatpak.okta.com")


_MOZ = "CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER, inBrowserElement INTEGER DEFAULT 0, sameSite INTEGER DEFAULT 0, rawSameSite INTEGER DEFAULT 0, schemeMap INTEGER DEFAULT 0);"


def _moz(host: str, name: str, value: str, expiry: int) -> tuple[str, tuple]:
    at = t.epoch(t.NOW) * 1_000_000
    return (
        "INSERT INTO moz_cookies(name,value,host,path,expiry,lastAccessed,creationTime,isSecure,isHttpOnly) VALUES (?,?,?,?,?,?,?,1,1)",
        (name, value, host, "/", expiry, at, at),
    )


def firefox(h: Home) -> None:
    value, other = t.pick(48), t.pick(48)
    h.sqlite(
        "{firefox}/abcd1234.default-release/cookies.sqlite",
        _MOZ,
        [
            _moz("github.com", "user_session", value, t.epoch(t.AHEAD)),
            _moz(".ff.okta.com", "idx", other, t.epoch(t.AHEAD) * 1000),
            _moz("ffold.okta.com", "sid", t.pick(40), t.epoch(t.PAST)),
        ],
    )
    h.row("T1-20.cookie", "github.com", "firefox", secret=value)
    h.row("T1-20.cookie-ms", "ff.okta.com", secret=other)
    h.row("T1-20.cookie-expired", "ffold.okta.com", expired=True)
    h.put(
        "{firefox}/abcd1234.default-release/logins.json",
        {
            "nextId": 2,
            "logins": [
                {
                    "id": 1,
                    "hostname": "https://fflogin.site.example",
                    "httpRealm": None,
                    "formSubmitURL": "",
                    "usernameField": "",
                    "passwordField": "",
                    "encryptedUsername": t.b64(40),
                    "encryptedPassword": t.b64(40),
                    "guid": "{" + t.uuid() + "}",
                    "encType": 1,
                    "timeCreated": 1764000000000,
                    "timeLastUsed": 1764000000000,
                    "timePasswordChanged": 1764000000000,
                    "timesUsed": 1,
                }
            ],
            "version": 3,
        },
    )
    h.row("T1-20.login", "fflogin.site.example")
    session = t.hexs(64)
    h.put(
        "{firefox}/abcd1234.default-release/signedInUser.json",
        {
            "version": 1,
            "accountData": {
                "email": "ada.sync@corp.example",
                "uid": t.hexs(32),
                "sessionToken": session,
                "verified": True,
                "device": {"id": t.hexs(32)},
            },
        },
    )
    h.row("T1-20.account", "ada.sync@corp.example", secret=session)
    pair = keys.Pair("ada-nss")
    columns = "id PRIMARY KEY UNIQUE ON CONFLICT ABORT, a0, a3, a11, a81, a82, a101, a102"
    key_id = hashlib.sha1(pair.spki).digest()
    h.sqlite(
        "{firefox}/abcd1234.default-release/cert9.db",
        f"CREATE TABLE nssPublic ({columns});",
        [
            (
                "INSERT INTO nssPublic VALUES (?,?,?,?,?,?,?,?)",
                (1, struct.pack(">I", 1), b"ada-nss", pair.der, b"", b"", b"", key_id),
            )
        ],
    )
    h.sqlite(
        "{firefox}/abcd1234.default-release/key4.db",
        f"CREATE TABLE nssPrivate ({columns}); CREATE TABLE metaData (id PRIMARY KEY UNIQUE ON CONFLICT REPLACE, item1, item2);",
        [
            (
                "INSERT INTO nssPrivate VALUES (?,?,?,?,?,?,?,?)",
                (1, struct.pack(">I", 3), b"x", b"", b"", b"", b"", key_id),
            )
        ],
    )
    h.rows.append(
        h.rows[-1].__class__(id="T1-20.nss", tier=1, os=h.os, want=((*pair.want, key_id.hex()),), path="cert9.db")
    )
    thunder = h.pick(".thunderbird", "Library/Thunderbird/Profiles", "AppData/Roaming/Thunderbird/Profiles")
    h.put(
        f"{thunder}/xyz.default/logins.json",
        {
            "nextId": 2,
            "logins": [
                {
                    "id": 1,
                    "hostname": "imap://imap.bird.example",
                    "httpRealm": "imap://imap.bird.example",
                    "encryptedUsername": t.b64(40),
                    "encryptedPassword": t.b64(40),
                    "guid": "{" + t.uuid() + "}",
                    "encType": 1,
                    "timeCreated": 1764000000000,
                }
            ],
            "version": 3,
        },
    )
    h.row("T1-20.thunderbird", "imap.bird.example")
    if h.linux:
        h.sqlite(
            "snap/firefox/common/.mozilla/firefox/q.default/cookies.sqlite",
            _MOZ,
            [_moz("snapff.okta.com", "sid", t.pick(40), t.epoch(t.AHEAD))],
        )
        h.row("T1-20.snap", "snapff.okta.com")
        h.sqlite(
            ".config/mozilla/firefox/q.default/cookies.sqlite",
            _MOZ,
            [_moz("xdgff.okta.com", "sid", t.pick(40), t.epoch(t.AHEAD))],
        )
        h.row("T1-20.xdg", "xdgff.okta.com")
    if h.macos:
        h.put(
            "Library/Containers/com.apple.Safari/Data/Library/Cookies/Cookies.binarycookies",
            binary_cookies([("safari.okta.com", "sid", t.pick(40))]),
        )
        h.row("T1-20.safari", "safari.okta.com")


def binary_cookies(cookies: list[tuple[str, str, str]]) -> bytes:
    """Return a file of Safari's: pages of cookies, times in seconds since 2001."""
    records = []
    for host, name, value in cookies:
        texts = [x.encode() + b"\0" for x in (host, name, "/", value)]
        offsets, at = [], 56
        for x in texts:
            offsets.append(at)
            at += len(x)
        records.append(
            struct.pack("<4I4I8xdd", at, 0, 5, 0, *offsets, t.epoch(t.AHEAD) - 978307200, t.epoch(t.NOW) - 978307200)
            + b"".join(texts)
        )
    head = 12 + 4 * len(records)
    page = b"\0\0\1\0" + struct.pack("<I", len(records))
    at = head
    for record in records:
        page += struct.pack("<I", at)
        at += len(record)
    page += b"\0\0\0\0" + b"".join(records)
    return (
        b"cook"
        + struct.pack(">II", 1, len(page))
        + page
        + struct.pack(">I", sum(page[::4]))
        + bytes.fromhex("071720050000004b")
    )


def _gnome(items: list[tuple[str, dict[str, str]]]) -> bytes:
    """Return a locked GNOME keyring: attribute names in clear, their values hashed, the rest encrypted."""

    def text(value: str) -> bytes:
        return struct.pack(">I", len(value)) + value.encode()

    out = (
        b"GnomeKeyring\n\r\0\n"
        + bytes([0, 0, 0, 0])
        + text("login")
        + struct.pack(">QQIII", 1764000000, 1764000000, 0, 0, 2000)
        + t.raw(8)
        + struct.pack(">4I", 0, 0, 0, 0)
        + struct.pack(">I", len(items))
    )
    for n, (_, attributes) in enumerate(items, 1):
        out += struct.pack(">III", n, 0, len(attributes))
        for name, value in attributes.items():
            out += text(name) + struct.pack(">I", 0) + text(hashlib.md5(value.encode()).hexdigest())
    sealed = t.raw(128)
    return out + struct.pack(">I", len(sealed)) + sealed


def login_keychain(items: list[dict[str, str]]) -> bytes:
    """Return a macOS login keychain with generic passwords: what names them is in clear, what they are is not."""

    def text(value: str) -> bytes:
        data = value.encode()
        return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)

    records = []
    for number, item in enumerate(items):
        sealed, body = t.raw(64), b""
        places = [0] * 16
        start = 24 + 16 * 4 + len(sealed)
        for slot, value in ((7, item["service"]), (13, item["account"]), (14, item["service"])):
            places[slot] = (start + len(body)) | 1
            body += text(value)
        for slot in (0, 1):
            places[slot] = (start + len(body)) | 1
            body += b"20260101120000Z\0"
        records.append(
            struct.pack(">6I", start + len(body), number, 0, 0, len(sealed), 0)
            + struct.pack(">16I", *places)
            + sealed
            + body
        )
    at = 28 + 4 * len(records)
    offsets = []
    for record in records:
        offsets.append(at)
        at += len(record)
    table = (
        struct.pack(">7I", at, 0x80000000, len(records), 0, 0, 0, len(records))
        + struct.pack(f">{len(offsets)}I", *offsets)
        + b"".join(records)
    )
    return (
        b"kych"
        + struct.pack(">4I", 0x00010000, 16, 20, 0)
        + struct.pack(">II", 12 + len(table), 1)
        + struct.pack(">I", 12)
        + table
    )


def keyrings(h: Home) -> None:
    if h.macos:
        h.put(
            "Library/Keychains/login.keychain-db",
            login_keychain(
                [
                    {"service": "gh:github.com", "account": "ada-keychain"},
                    {"service": "Claude Code-credentials", "account": "ada"},
                ]
            ),
        )
        h.row("T1-16.github", "ada-keychain", ("gh:github.com", "github"))
        h.row("T1-16.claude", "Claude Code-credentials")
    if h.linux:
        h.put(
            ".local/share/keyrings/login.keyring",
            _gnome(
                [
                    ("GitHub", {"service": "gh:github.com", "username": "ada"}),
                    ("x", {"xdg:schema": "org.gnome.OnlineAccounts"}),
                ]
            ),
        )
        h.row("T1-18.gnome-locked", "login.keyring")
        word = t.pick(20)
        h.put(
            ".local/share/keyrings/Default_keyring.keyring",
            f"[keyring]\ndisplay-name=Default\nctime=1764000000\nmtime=0\nlock-on-idle=false\n\n[1]\nitem-type=0\ndisplay-name=Corp VPN password\nsecret={word}\nmtime=1764000000\nctime=1764000000\n\n[1:attribute0]\nname=service\ntype=string\nvalue=vpn.corp.example\n",
        )
        h.row("T1-18.gnome-plain", ("Corp VPN password", "vpn.corp.example"), secret=word)
        h.put(
            ".local/share/kwalletd/kdewallet.kwl",
            b"KWALLET\n\r\0\r\n"
            + bytes([0, 1, 0, 2])
            + struct.pack(">I", 1)
            + hashlib.md5(b"Passwords").digest()
            + struct.pack(">I", 2)
            + t.raw(32)
            + t.raw(400),
        )
        h.row("T1-18.kwallet", "kdewallet.kwl")
    if h.windows:
        master = t.uuid()
        import uuid as u

        blob = (
            DPAPI
            + struct.pack("<I", 1)
            + u.UUID(master).bytes_le
            + struct.pack("<II", 0x20000000, 48)
            + "Local Credential Data\r\n\0".encode("utf-16-le")[:48]
            + t.raw(200)
        )
        for name, place in (
            ("roaming", "AppData/Roaming/Microsoft/Credentials"),
            ("local", "AppData/Local/Microsoft/Credentials"),
        ):
            file = t.upper(32)
            h.put(f"{place}/{file}", struct.pack("<III", 1, len(blob), 0) + blob)
            h.row(f"T1-17.credential-{name}", file)
        h.put(
            "AppData/Local/Microsoft/Vault/4BF4C442-9B8A-41A0-B380-DD4A704DDB28/" + (vcrd := t.upper(40)) + ".vcrd",
            t.raw(300),
        )
        h.put("AppData/Local/Microsoft/Vault/4BF4C442-9B8A-41A0-B380-DD4A704DDB28/Policy.vpol", t.raw(300))
        h.last = f"AppData/Local/Microsoft/Vault/4BF4C442-9B8A-41A0-B380-DD4A704DDB28/{vcrd}.vcrd"
        h.row("T1-17.vault", vcrd)
        pair = keys.Pair("ada-user-cert")
        sha1 = hashlib.sha1(pair.der).digest()
        provider = "Microsoft Software Key Storage Provider"
        container = "{" + t.uuid() + "}"

        def prop(n: int, data: bytes) -> bytes:
            return struct.pack("<III", n, 1, len(data)) + data

        names = (container + "\0").encode("utf-16-le"), (provider + "\0").encode("utf-16-le")
        info = struct.pack("<IIIIIII", 28, 28 + len(names[0]), 0, 0, 0, 0, 1) + names[0] + names[1]
        h.put(
            f"AppData/Roaming/Microsoft/SystemCertificates/My/Certificates/{sha1.hex().upper()}",
            prop(3, sha1) + prop(2, info) + prop(32, pair.der),
        )
        h.row("T1-17.certificate", pair.want)
        tb = {"TBDataStoreObject": {"Header": {"ObjectType": "TokenResponse", "SchemaVersionMajor": 2}, "ObjectData": {"SystemDefinedProperties": {
            "RequestIndex": {"Type": "InlineBytes", "IsProtected": False, "Value": t.b64(32)}, "Expiration": {"Type": "InlineBytes", "IsProtected": False, "Value": base64.b64encode(struct.pack("<Q", (t.epoch(t.AHEAD) + 11644473600) * 10_000_000)).decode()},
            "Status": {"Type": "InlineBytes", "IsProtected": False, "Value": base64.b64encode(b"\0\0\0\0").decode()}, "ResponseBytes": {"Type": "InlineBytes", "IsProtected": True, "Value": base64.b64encode(DPAPI + t.raw(200)).decode()}},
            "ProviderDefinedProperties": {}}}}  # fmt: skip
        file = t.hexs(40)
        h.put(f"AppData/Local/Microsoft/TokenBroker/Cache/{file}.tbres", json.dumps(tb).encode("utf-16-le") + b"\0\0")
        h.row("T1-17.tbres", f"{file}.tbres")
        h.put(
            "/Windows/System32/config/systemprofile/AppData/Local/Microsoft/Credentials/" + (file := t.upper(32)),
            struct.pack("<III", 1, len(blob), 0) + blob,
        )
        h.row("T1-17.system-credential", file)


ROWS = (chromium, firefox, keyrings)
