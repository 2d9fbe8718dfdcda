"""First tier: the clouds' own command lines."""

from __future__ import annotations

import base64
import hashlib
import json

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home


def aws(h: Home) -> None:
    key, secret = t.aws_key()
    key2, secret2 = t.aws_key()
    key3, secret3 = t.aws_key("ASIA")
    key4, secret4 = t.aws_key("ASIA")
    session, session2 = t.b64(300), t.b64(300)
    h.put(
        ".aws/credentials",
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n\n"
        f"[prod-admin]\naws_access_key_id={key2}\naws_secret_access_key={secret2}\n\n"
        f"[saml]\naws_access_key_id = {key3}\naws_secret_access_key = {secret3}\naws_session_token = {session}\n"
        f"x_security_token_expires = {t.later(hours=5).strftime('%Y-%m-%dT%H:%M:%S+00:00')}\n\n"
        f"[old]\naws_access_key_id = {key4}\naws_secret_access_key = {secret4}\naws_session_token = {session2}\n"
        f"expiration = {t.iso(t.PAST)}\n",
    )
    h.row("T1-01.default", key, secret=secret)
    h.row("T1-01.profile", key2, "prod-admin", secret=secret2)
    h.row("T1-01.session", key3, secret=(secret3, session))
    h.row("T1-01.session-expired", key4, secret=(secret4, session2), expired=True)
    key, secret = t.aws_key()
    h.put(".aws/config", f"[default]\r\nregion = eu-west-1\r\n\r\n[profile ci]\r\naws_access_key_id = {key}\r\naws_secret_access_key = {secret}\r\n"
          "[profile sso]\r\nsso_session = corp\r\nsso_account_id = 210987654321\r\n[sso-session corp]\r\nsso_start_url = https://corp.awsapps.com/start\r\nsso_region = eu-west-1\r\n")  # fmt: skip
    h.row("T1-01.config-crlf", key, secret=secret)
    for name in ("credentials.bak", "credentials~"):
        key, secret = t.aws_key()
        h.put(f".aws/{name}", f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n")
        h.row(f"T1-01.{name}", key, secret=secret)
    key, secret = t.aws_key()
    h.put(".boto", f"[Credentials]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    h.row("T1-01.boto", key, secret=secret)


def aws_sso(h: Home) -> None:
    access, refresh, client, client_secret = t.b64u(120), t.b64u(200), t.pick(22), t.jwt(serialized="x")[0]
    name = hashlib.sha1(b"corp").hexdigest()
    h.put(f".aws/sso/cache/{name}.json", {
        "startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": access, "expiresAt": t.iso(t.later(hours=6)),
        "clientId": client, "clientSecret": client_secret, "registrationExpiresAt": t.iso(t.AHEAD), "refreshToken": refresh,
    })  # fmt: skip
    h.row("T1-02.sso", "corp.awsapps.com", secret=(access, refresh))
    access = t.b64u(120)
    h.put(f".aws/sso/cache/{hashlib.sha1(b'https://old.awsapps.com/start').hexdigest()}.json", {
        "startUrl": "https://old.awsapps.com/start", "region": "us-east-1", "accessToken": access, "expiresAt": t.PAST.strftime("%Y-%m-%dT%H:%M:%SUTC"),
    })  # fmt: skip
    h.row("T1-02.sso-expired", "old.awsapps.com", secret=access, expired=True)
    client, secret = t.pick(22), t.b64u(300)
    h.put(
        ".aws/sso/cache/botocore-client-id-eu-west-1.json",
        {"clientId": client, "clientSecret": secret, "expiresAt": t.iso(t.AHEAD)},
    )
    h.row("T1-02.client", client, secret=secret)


def aws_caches(h: Home) -> None:
    key, secret = t.aws_key("ASIA")
    session = "IQoJb3JpZ2lu" + t.b64(240)
    shape = {"Credentials": {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": session, "Expiration": t.iso(t.later(hours=1)), "AccountId": "210987654321"},
             "AssumedRoleUser": {"AssumedRoleId": "AROA" + t.upper(16) + ":botocore", "Arn": "arn:aws:sts::210987654321:assumed-role/Admin/botocore"},
             "ResponseMetadata": {"HTTPStatusCode": 200}, "ProviderType": "assume-role"}  # fmt: skip
    h.put(f".aws/cli/cache/{t.hexs(40)}.json", shape)
    h.row("T1-03.cli-cache", key, secret=(secret, session))
    key, secret = t.aws_key("ASIA")
    h.put(
        f".aws/boto/cache/{t.hexs(40)}.json",
        {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "SessionToken": session,
                "Expiration": t.PAST.strftime("%Y-%m-%dT%H:%M:%SUTC"),
            }
        },
    )
    h.row("T1-03.boto-cache-expired", key, secret=secret, expired=True)
    key, secret = t.aws_key("ASIA")
    arn = "arn:aws:sts::210987654321:assumed-role/Ops/ada"
    refresh = t.b64u(300)
    h.put(f".aws/login/cache/{hashlib.sha256(arn.encode()).hexdigest()}.json", {
        "accessToken": {"accessKeyId": key, "secretAccessKey": secret, "sessionToken": session, "accountId": "210987654321", "expiresAt": t.iso(t.later(minutes=10))},
        "tokenType": "aws_sigv4", "clientId": "arn:aws:signin:::devtools/same-device", "refreshToken": refresh,
        "idToken": t.jwt(sub=arn, exp=t.epoch(t.AHEAD))[0], "dpopKey": keys.Pair("dpop").private(keys.serialization.PrivateFormat.TraditionalOpenSSL),
    })  # fmt: skip
    h.row("T1-03.login-cache", (arn, key), secret=(secret, refresh))


def _service_account(who: str = "deploy", key_id: str = "") -> tuple[dict[str, str], str]:
    key_id = key_id or t.hexs(40)
    mail = f"{who}-{t.lower(5)}@corp-{t.digits(6)}.iam.gserviceaccount.com"
    return {
        "type": "service_account", "project_id": mail.split("@")[1].split(".")[0], "private_key_id": key_id, "private_key": keys.rsa_pem(),
        "client_email": mail, "client_id": t.digits(21), "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token", "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/" + mail.replace("@", "%40"), "universe_domain": "googleapis.com",
    }, key_id  # fmt: skip


def _user(client: str = "32555940559.apps.googleusercontent.com") -> tuple[dict[str, str], str]:
    refresh = t.google_refresh()
    return {
        "type": "authorized_user",
        "client_id": client,
        "client_secret": "GOCSPX-" + t.pick(28),
        "refresh_token": refresh,
    }, refresh


_CREDENTIALS = 'CREATE TABLE IF NOT EXISTS "credentials" (account_id TEXT PRIMARY KEY, value BLOB);'
_TOKENS = 'CREATE TABLE IF NOT EXISTS "access_tokens" (account_id TEXT PRIMARY KEY, access_token TEXT, token_expiry TIMESTAMP, rapt_token TEXT, id_token TEXT);'
_INSERT = 'INSERT INTO "credentials" VALUES (?,?)'


def gcloud(h: Home) -> None:
    user, refresh = _user()
    account, key_id = _service_account()
    wal_user, wal_refresh = _user()
    folder = "{config}/gcloud"
    h.sqlite(f"{folder}/credentials.db", _CREDENTIALS, [
        (_INSERT, ("ada@corp.example", json.dumps({**user, "revoke_uri": "https://accounts.google.com/o/oauth2/revoke", "scopes": ["openid", "https://www.googleapis.com/auth/cloud-platform"], "token_uri": "https://oauth2.googleapis.com/token"}))),
        (_INSERT, (account["client_email"], json.dumps(account))),
        (_INSERT, ("ada.wal@corp.example", json.dumps({**wal_user, "scopes": ["openid"]}))),
    ], wal=True)  # fmt: skip
    h.row("T1-04.user-wal", "ada@corp.example", "32555940559.apps.googleusercontent.com", secret=refresh)
    h.row("T1-04.service-account", key_id, account["client_email"], secret=keys.rsa_secret())
    h.row("T1-04.second-user", "ada.wal@corp.example", secret=wal_refresh)
    access, old = t.google_access(), t.google_access()
    insert = 'INSERT INTO "access_tokens" VALUES (?,?,?,?,?)'
    h.sqlite(f"{folder}/access_tokens.db", _TOKENS, [
        (insert, ("bob@corp.example", access, t.later(minutes=50).strftime("%Y-%m-%d %H:%M:%S.%f"), "rapt", t.jwt(email="bob@corp.example", hd="corp.example")[0])),
        (insert, ("eve@corp.example", old, t.PAST.strftime("%Y-%m-%d %H:%M:%S"), None, None)),
    ])  # fmt: skip
    h.row("T1-04.access", "bob@corp.example", secret=access)
    h.row("T1-04.access-expired", "eve@corp.example", secret=old, expired=True)


def gcloud_adc(h: Home) -> None:
    folder = "{config}/gcloud"
    adc = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
    user, refresh = _user(adc)
    h.put(
        f"{folder}/application_default_credentials.json",
        {**user, "quota_project_id": "corp-prod", "account": "", "universe_domain": "googleapis.com"},
    )
    h.row("T1-05.adc", adc, secret=refresh)
    user, refresh = _user()
    h.put(f"{folder}/legacy_credentials/carol@corp.example/adc.json", user)
    h.row("T1-05.legacy", "carol@corp.example", secret=refresh)
    boto = t.google_refresh()
    h.put(
        f"{folder}/legacy_credentials/dan@corp.example/.boto",
        f"[OAuth2]\nclient_id = 32555940559.apps.googleusercontent.com\nclient_secret = x\n\n[Credentials]\ngs_oauth2_refresh_token = {boto}\n",
    )
    h.row("T1-05.legacy-boto", "dan@corp.example", secret=boto)
    for name, place in {
        "downloads": "Downloads/corp-prod-{0}.json",
        "repo": "src/app/deploy/gcp-{0}.json",
        "desktop": "Desktop/key-{0}.json",
    }.items():
        account, key_id = _service_account("loose")
        h.put(place.format(key_id[:12]), account)
        h.row(f"T1-05.loose-{name}", key_id, account["client_email"], secret=keys.rsa_secret())


def azure(h: Home) -> None:
    oid, tid, client = t.uuid(), t.uuid(), "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    home, env = f"{oid}.{tid}", "login.microsoftonline.com"
    refresh, old = (
        "1.AX" + t.pick(300, t.ALNUM + "-_"),
        t.jwt(oid=oid, tid=tid, appid=client, upn="ada@corp.example", exp=t.epoch(t.PAST))[0],
    )
    access, signature = t.jwt(
        oid=oid,
        tid=tid,
        appid=client,
        upn="ada@corp.example",
        uti=t.pick(22),
        exp=t.epoch(t.later(hours=1)),
        aud="https://management.core.windows.net/",
    )
    cache = {
        "AccessToken": {
            f"{home}-{env}-accesstoken-{client}-organizations-https://management.core.windows.net//.default": {"credential_type": "AccessToken", "secret": access, "home_account_id": home, "environment": env, "client_id": client, "target": "https://management.core.windows.net//.default", "realm": "organizations", "token_type": "Bearer", "cached_at": str(t.epoch(t.NOW)), "expires_on": str(t.epoch(t.later(hours=1))), "extended_expires_on": str(t.epoch(t.later(hours=1)))},
            f"{home}-{env}-accesstoken-{client}-{tid}-https://graph.microsoft.com//.default": {"credential_type": "AccessToken", "secret": old, "home_account_id": home, "environment": env, "client_id": client, "target": "https://graph.microsoft.com//.default", "realm": tid, "token_type": "Bearer", "cached_at": str(t.epoch(t.PAST)), "expires_on": str(t.epoch(t.PAST)), "extended_expires_on": str(t.epoch(t.PAST))},
        },
        "RefreshToken": {f"{home}-{env}-refreshtoken-1--": {"credential_type": "RefreshToken", "secret": refresh, "home_account_id": home, "environment": env, "client_id": client, "target": "", "last_modification_time": str(t.epoch(t.NOW)), "family_id": "1"}},
        "IdToken": {},
        "Account": {f"{home}-{env}-organizations": {"home_account_id": home, "environment": env, "realm": tid, "local_account_id": oid, "username": "ada@corp.example", "authority_type": "MSSTS", "account_source": "device_code"}},
        "AppMetadata": {f"appmetadata-{env}-{client}": {"client_id": client, "environment": env, "family_id": "1"}},
    }  # fmt: skip
    sp, secret, sp_tenant = t.uuid(), f"{t.pick(3)}8Q~{t.pick(34)}", t.uuid()
    entries = [{"client_id": sp, "tenant": sp_tenant, "client_secret": secret}]
    if h.windows:
        h.put(
            ".azure/msal_token_cache.bin",
            b"\x01\x00\x00\x00\xd0\x8c\x9d\xdf\x01\x15\xd1\x11\x8cz\x00\xc0O\xc2\x97\xeb" + t.raw(800),
        )
        h.row("T1-06.dpapi", "msal_token_cache.bin")
        h.put(".azure/backup/msal_token_cache.json", cache)
        h.put(".azure/msal_token_cache.json", cache)
    elif h.macos:
        h.put(".azure/msal_token_cache.sig", b"")
        h.put(".azure/msal_token_cache.json", cache)
    else:
        h.put(".azure/msal_token_cache.json", cache)
    h.row("T1-06.refresh", oid, tid, secret=refresh)
    h.row("T1-06.access", oid, tid, "management", secret=signature)
    h.row("T1-06.access-expired", oid, "graph.microsoft.com", secret=old.split(".")[2], expired=True)
    h.put(".azure/service_principal_entries.json", entries)
    h.row("T1-06.service-principal", sp, sp_tenant, secret=secret)
    h.put(
        ".azure/azureProfile.json",
        b"\xef\xbb\xbf"
        + json.dumps(
            {
                "installationId": t.uuid(),
                "subscriptions": [
                    {
                        "id": t.uuid(),
                        "name": "Prod",
                        "user": {"name": "ada@corp.example", "type": "user"},
                        "tenantId": tid,
                    }
                ],
            }
        ).encode(),
    )
    legacy_refresh, legacy_tenant = "0.AX" + t.pick(200, t.ALNUM + "-_"), t.uuid()
    h.put(
        ".azure/accessTokens.json",
        [
            {
                "tokenType": "Bearer",
                "expiresIn": 3599,
                "expiresOn": t.PAST.strftime("%Y-%m-%d %H:%M:%S.%f"),
                "resource": "https://management.core.windows.net/",
                "accessToken": t.jwt(oid=oid)[0],
                "refreshToken": legacy_refresh,
                "userId": "old.ada@corp.example",
                "isMRRT": True,
                "_clientId": client,
                "_authority": f"https://login.microsoftonline.com/{legacy_tenant}",
            }
        ],
    )
    h.row("T1-06.adal", ("old.ada@corp.example"), secret=legacy_refresh)
    oid2, tid2, refresh = t.uuid(), t.uuid(), "1.AY" + t.pick(300, t.ALNUM + "-_")
    if not h.windows:
        h.put(
            ".local/.IdentityService/msal.cache" if h.linux else ".local/.IdentityService/msal.cache",
            {
                "RefreshToken": {
                    f"{oid2}.{tid2}-{env}-refreshtoken-{client}--": {
                        "credential_type": "RefreshToken",
                        "secret": refresh,
                        "home_account_id": f"{oid2}.{tid2}",
                        "environment": env,
                        "client_id": client,
                    }
                },
                "AccessToken": {},
                "Account": {},
                "IdToken": {},
                "AppMetadata": {},
            },
        )
        h.row("T1-06.identity-service", oid2, secret=refresh)
    else:
        h.put(
            "AppData/Local/.IdentityService/msal.cache",
            b"\x01\x00\x00\x00\xd0\x8c\x9d\xdf\x01\x15\xd1\x11\x8cz\x00\xc0O\xc2\x97\xeb" + t.raw(500),
        )
        h.row("T1-06.identity-service", "msal.cache")
    context = t.jwt(oid=t.uuid(), upn="ps@corp.example", exp=t.epoch(t.later(hours=1)))
    inner = base64.b64encode(
        json.dumps(
            {
                "AccessToken": {
                    "k": {
                        "secret": context[0],
                        "home_account_id": f"{t.uuid()}.{tid2}",
                        "environment": env,
                        "client_id": "1950a258-227b-4e31-a9cf-717495945fc2",
                        "credential_type": "AccessToken",
                        "realm": tid2,
                        "target": "x",
                        "expires_on": str(t.epoch(t.AHEAD)),
                    }
                },
                "RefreshToken": {},
            }
        ).encode()
    ).decode()
    h.put(
        ".Azure/AzureRmContext.json" if h.windows else ".Azure/AzureRmContext.json",
        {
            "DefaultContextKey": "Prod",
            "Contexts": {
                "Prod": {
                    "Account": {"Id": "ps@corp.example", "Type": "User", "ExtendedProperties": {"Tenants": tid2}},
                    "Tenant": {"Id": tid2},
                    "TokenCache": {"CacheData": inner},
                }
            },
        },
    )
    h.row("T1-06.az-powershell", ("ps@corp.example", tid2), secret=context[1])
    ps_secret, ps_app = f"{t.pick(3)}8Q~{t.pick(34)}", t.uuid()
    h.put(
        "Documents/prod-context.json",
        {
            "DefaultContextKey": "SP",
            "Contexts": {
                "SP": {
                    "Account": {
                        "Id": ps_app,
                        "Type": "ServicePrincipal",
                        "ExtendedProperties": {"Tenants": tid2, "ServicePrincipalSecret": ps_secret},
                    },
                    "Tenant": {"Id": tid2},
                }
            },
            "ExtendedProperties": {},
        },
    )
    h.row("T1-06.save-azcontext", ps_app, secret=ps_secret)
    oid3, refresh = t.uuid(), "1.AZ" + t.pick(300, t.ALNUM + "-_")
    h.put(
        ".azd/auth/msal/cache.json",
        {
            "RefreshToken": {
                "r": {
                    "credential_type": "RefreshToken",
                    "secret": refresh,
                    "home_account_id": f"{oid3}.{tid2}",
                    "environment": env,
                    "client_id": client,
                }
            }
        },
    )
    h.row("T1-06.azd", oid3, secret=refresh)


def terraform(h: Home) -> None:
    token, opt = f"{t.pick(14)}.atlasv1.{t.pick(67)}", f"{t.pick(14)}.atlasv1.{t.pick(67)}"
    folder = h.pick(".terraform.d", ".terraform.d", "AppData/Roaming/terraform.d")
    h.put(
        f"{folder}/credentials.tfrc.json",
        {"credentials": {"app.terraform.io": {"token": token}, "tfe.corp.example": {"token": opt}}},
    )
    h.row("T1-15.hcp", "app.terraform.io", secret=token)
    h.row("T1-15.enterprise", "tfe.corp.example", secret=opt)
    token = t.pick(40)
    h.put(
        h.pick(".terraformrc", ".terraformrc", "AppData/Roaming/terraform.rc"),
        f'plugin_cache_dir = "$HOME/.cache"\n\ncredentials "scalr.corp.example" {{\n  token = "{token}"\n}}\n',
    )
    h.row("T1-15.rc", "scalr.corp.example", secret=token)
    token = t.pick(40)
    h.put(
        h.pick(".tofurc", ".tofurc", "AppData/Roaming/tofu.rc"),
        f'credentials "tofu.corp.example" {{ token = "{token}" }}\n',
    )
    h.row("T1-15.tofurc", "tofu.corp.example", secret=token)
    key, secret = t.aws_key()
    sp_key, sp_value, word = t.uuid(), f"{t.pick(3)}8Q~{t.pick(34)}", t.pick(24)
    state = {"version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": t.uuid(), "outputs": {}, "resources": [
        {"mode": "managed", "type": "aws_iam_access_key", "name": "ci", "provider": 'provider["registry.terraform.io/hashicorp/aws"]', "instances": [{"schema_version": 0, "attributes": {"id": key, "secret": secret, "user": "ci", "status": "Active"}, "sensitive_attributes": []}]},
        {"mode": "managed", "type": "azuread_application_password", "name": "p", "provider": 'provider["registry.terraform.io/hashicorp/azuread"]', "instances": [{"attributes": {"key_id": sp_key, "value": sp_value, "end_date": t.iso(t.AHEAD), "application_id": "/applications/" + t.uuid()}}]},
        {"mode": "managed", "type": "aws_db_instance", "name": "main", "provider": 'provider["registry.terraform.io/hashicorp/aws"]', "instances": [{"attributes": {"id": "orders-db", "address": "orders-db.rds.example", "username": "root", "password": word, "engine": "postgres"}, "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]]}]},
    ]}  # fmt: skip
    h.put("src/infra/terraform.tfstate", state)
    h.row("T1-15.state-key", key, secret=secret)
    h.row("T1-15.state-entra", sp_key, secret=sp_value)
    h.row("T1-15.state-db", ("orders-db.rds.example", "orders-db", "aws_db_instance.main"), secret=word)
    key, secret = t.aws_key()
    state["resources"] = [
        {
            "mode": "managed",
            "type": "aws_iam_access_key",
            "name": "old",
            "instances": [{"attributes": {"id": key, "secret": secret}}],
        }
    ]
    h.put("src/infra/terraform.tfstate.backup", state)
    h.row("T1-15.state-backup", key, secret=secret)
    word = t.pick(20)
    h.put("src/infra/prod.auto.tfvars", f'region = "eu-west-1"\ndb_password = "{word}"\n')
    h.row("T1-15.tfvars", "prod.auto.tfvars", "db_password", secret=word)
    key, secret = t.aws_key()
    h.put(
        "src/infra/.terraform/terraform.tfstate",
        {
            "version": 3,
            "backend": {
                "type": "s3",
                "config": {"bucket": "state", "access_key": key, "secret_key": secret, "region": "eu-west-1"},
                "hash": 1,
            },
        },
    )
    h.row("T1-15.backend", key, secret=secret)


def vault(h: Home) -> None:
    token = "hvs." + t.pick(90, t.ALNUM + "-_")
    h.put(".vault-token", token)
    h.row("T1-14.token", ".vault-token", secret=token)
    token = "hvs." + t.pick(24)
    h.put(".bao-token", token + "\n")
    h.row("T1-14.bao", ".bao-token", secret=token)
    root, unseal = "hvs." + t.pick(24), t.b64(33)
    h.put(
        "Documents/vault-init.txt",
        f"Unseal Key 1: {unseal}\nUnseal Key 2: {t.b64(33)}\n\nInitial Root Token: {root}\n\nVault initialized with 5 key shares\n",
    )
    h.row("T1-14.init-root", "vault-init.txt", secret=root)
    h.row("T1-14.init-unseal", "vault-init.txt", ("unseal", "Unseal"), secret=unseal)


ROWS = (aws, aws_sso, aws_caches, gcloud, gcloud_adc, azure, terraform, vault)
