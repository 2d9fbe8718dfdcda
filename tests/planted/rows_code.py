"""First tier: code hosts, packages, SSH, clusters and registries."""

from __future__ import annotations

import base64
import json
import textwrap
from urllib.parse import quote

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home


def gh(h: Home) -> None:
    token, second = t.checked("gho"), t.checked("gho")
    folder = h.pick(".config/gh", ".config/gh", "AppData/Roaming/GitHub CLI")
    h.put(f"{folder}/hosts.yml", f"github.com:\n    git_protocol: https\n    users:\n        ada-l:\n            oauth_token: {token}\n        ada-bot:\n            oauth_token: {second}\n    user: ada-l\n    oauth_token: {token}\n"
          f"ghe.corp.example:\n    user: ada.corp\n    oauth_token: {(third := t.checked('gho'))}\n    git_protocol: ssh\n")  # fmt: skip
    h.row("T1-07.gh", "ada-l", "github.com", secret=token)
    h.row("T1-07.second-login", "ada-bot", "github.com", secret=second)
    h.row("T1-07.enterprise", "ada.corp", "ghe.corp.example", secret=third)


def git(h: Home) -> None:
    token, word = t.github(), t.pick(10) + "/@" + t.pick(6)
    h.put(
        ".git-credentials",
        f"https://ada-git:{token}@github.com\nhttps://ada%40corp.example:{quote(word, safe='')}@git.corp.example%3a8443\n",
    )
    h.row("T1-08.store", "ada-git", "github.com", secret=token)
    h.row("T1-08.store-escaped", "ada@corp.example", "git.corp.example", secret=word)
    token = t.gitlab()
    h.put("{xdg}/git/credentials", f"https://oauth2:{token}@gitlab.corp.example\n")
    h.row("T1-08.xdg", "gitlab.corp.example", secret=token)
    token = t.gitlab()
    h.put("keys/.git-store", f"https://ada-three:{token}@gitlab.third.example\n")
    h.put(".gitconfig", f"[user]\n\tname = Ada\n[credential]\n\thelper = store --file=~/keys/.git-store\n[url \"https://ada-ins:{(ins := t.github())}@github.com/\"]\n\tinsteadOf = gh:\n"
          f"[http]\n\tproxy = http://ada-prox:{(prox := t.password())}@proxy.corp.example:3128\n[sendemail]\n\tsmtpServer = smtp.corp.example\n\tsmtpUser = ada-mail\n\tsmtpPass = {(smtp := t.password())}\n")  # fmt: skip
    h.row("T1-08.insteadof", "ada-ins", "github.com", secret=ins)
    h.row("T1-08.proxy", "ada-prox", "proxy.corp.example", secret=prox)
    h.row("T1-08.sendemail", "ada-mail", "smtp.corp.example", secret=smtp)
    h.rows.append(
        h.rows[-1].__class__(
            id="T1-08.store-file",
            tier=1,
            os=h.os,
            want=("ada-three", "gitlab.third.example"),
            secrets=(token,),
            path="keys/.git-store",
        )
    )
    token = t.checked("ghp")
    h.put(
        "src/app/.git/config",
        f'[core]\n\trepositoryformatversion = 0\n[remote "origin"]\n\turl = https://ada-remote:{token}@github.com/corp/app.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n',
    )
    h.row("T1-08.remote", "ada-remote", "github.com", secret=token)
    token = t.gitlab()
    h.put(
        "src/ci/.git/config",
        f'[http "https://gitlab.ci.example/"]\n\textraheader = AUTHORIZATION: basic {base64.b64encode(f"x-ci:{token}".encode()).decode()}\n',
    )
    h.row("T1-08.extraheader", ("x-ci", "gitlab.ci.example"), secret=token)
    token = t.gitlab()
    h.put(
        "src/sub/.git/modules/lib/config",
        f'[remote "origin"]\n\turl = https://ada-module:{token}@gitlab.corp.example/lib.git\n',
    )
    h.row("T1-08.module", "ada-module", "gitlab.corp.example", secret=token)
    token = t.github()
    h.put(
        "src/app/.git/FETCH_HEAD", f"{t.hexs(40)}\t\tbranch 'main' of https://ada-fetch:{token}@github.com/corp/app\n"
    )
    h.row("T1-08.fetch-head", "ada-fetch", "github.com", secret=token)
    token = t.github()
    h.put(
        ".gcm/store/git/https/github.com/ada-gcm.credential", f"{token}\nservice=https://github.com\naccount=ada-gcm\n"
    )
    h.row("T1-08.gcm", "ada-gcm", "github.com", secret=token)
    if h.windows:
        h.put(
            ".gcm/dpapi_store/git/https/dev.corp.example/ada-dp.credential",
            f"{base64.b64encode(bytes.fromhex('01000000d08c9ddf0115d1118c7a00c04fc297eb') + t.raw(90)).decode()}\nservice=https://dev.corp.example\naccount=ada-dp\n",
        )
        h.row("T1-08.gcm-dpapi", "ada-dp", "dev.corp.example")


def ssh(h: Home) -> None:
    for name, options, word in (
        ("id_ed25519", ("-t", "ed25519"), ""),
        ("id_rsa", ("-t", "rsa", "-b", "2048", "-m", "PEM"), ""),
        ("id_ecdsa", ("-t", "ecdsa"), "a passphrase 7"),
        ("work/deploy_key", ("-t", "ed25519"), ""),
        ("pkcs8", ("-t", "ecdsa", "-m", "PKCS8"), ""),
    ):
        path = h.at(f".ssh/{name}")
        found = keys.ssh(path, *options, passphrase=word)
        h.last = f".ssh/{name}"
        h.row(f"T1-09.{name}", found, secret=keys.private_text(path))
    h.at(".ssh/pkcs8.pub").unlink()
    path = h.at("keys/jump")
    found = keys.ssh(path)
    h.put(".ssh/config", "Host jump\r\n  HostName jump.corp.example\r\n  IdentityFile ~/keys/jump\r\n")
    h.last = "keys/jump"
    h.row("T1-09.identity-file", found, secret=keys.private_text(path))
    path = h.at(".ssh/crlf")
    found = keys.ssh(path)
    secret = keys.private_text(path)
    path.write_bytes(b"My key:\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    h.at(".ssh/crlf.pub").unlink()
    h.last = ".ssh/crlf"
    h.row("T1-09.crlf", found, secret=secret)
    ca = h.at("tmp-ca")
    keys.ssh(ca)
    keys.ssh(h.at(".ssh/id_cert"))
    keys.run(
        "ssh-keygen",
        "-q",
        "-s",
        ca,
        "-I",
        "ada@corp",
        "-n",
        "ada,root",
        "-z",
        "48151623",
        "-V",
        "+1d",
        h.at(".ssh/id_cert.pub"),
    )
    h.last = ".ssh/id_cert-cert.pub"
    h.row("T1-09.certificate", "48151623", "ada@corp")
    keys.ssh(h.at(".ssh/id_old"))
    keys.run(
        "ssh-keygen",
        "-q",
        "-s",
        ca,
        "-I",
        "old@corp",
        "-n",
        "ada",
        "-z",
        "42424242",
        "-V",
        "-3d:-2d",
        h.at(".ssh/id_old.pub"),
    )
    h.last = ".ssh/id_old-cert.pub"
    h.row("T1-09.certificate-expired", "42424242", expired=True)
    ca.unlink()
    h.at("tmp-ca.pub").unlink()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    blob = base64.b64decode(
        key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).split()[1]
    )
    import hashlib

    found = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    secret = base64.b64encode(b"\0\0\0\x20" + key.private_bytes_raw()).decode()
    lines = textwrap.wrap(base64.b64encode(blob).decode(), 64)
    h.put(
        "Documents/server.ppk",
        f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ada@putty\nPublic-Lines: {len(lines)}\n"
        + "\n".join(lines)
        + f"\nPrivate-Lines: 1\n{secret}\nPrivate-MAC: {t.hexs(64)}\n",
    )
    h.row("T1-09.ppk", found, secret=secret)
    if not h.windows:
        path = h.at("/etc/ssh/ssh_host_ed25519_key")
    else:
        path = h.at("/ProgramData/ssh/ssh_host_ed25519_key")
    found = keys.ssh(path)
    h.last = "/" + str(path.relative_to(h.root))
    h.row("T1-09.host-key", found, secret=keys.private_text(path))


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kube(h: Home) -> None:
    admin = keys.Pair("ada-admin", org=("system:masters",))
    token, signature = t.jwt(
        iss="kubernetes/serviceaccount",
        sub="system:serviceaccount:kube-system:deployer",
        **{"kubernetes.io/serviceaccount/namespace": "kube-system"},
    )
    word, opaque = t.password(), t.pick(40)
    refresh, oidc_secret = t.pick(60), t.pick(40)
    id_token, id_signature = t.jwt(
        iss="https://idp.corp.example", sub="ada-oidc", email="ada@corp.example", exp=t.epoch(t.later(hours=1))
    )
    env_secret = t.pick(40)
    h.put(".kube/config", f"""apiVersion: v1
kind: Config
current-context: prod
preferences: {{}}
clusters:
- name: prod
  cluster: &c
    server: https://prod.k8s.example:6443
    certificate-authority-data: {_b64(admin.pem)}
- name: dev
  cluster:
    <<: *c
    server: https://dev.k8s.example:6443
contexts:
- {{name: prod, context: {{cluster: prod, user: admin}}}}
- {{name: sa, context: {{cluster: dev, user: deployer}}}}
- {{name: opaque, context: {{cluster: dev, user: opaque-user}}}}
- {{name: basic, context: {{cluster: dev, user: basic-user}}}}
- {{name: oidc, context: {{cluster: dev, user: oidc-user}}}}
- {{name: ex, context: {{cluster: dev, user: exec-user}}}}
users:
- name: admin
  user:
    client-certificate-data: {_b64(admin.pem)}
    client-key-data: {_b64(admin.private(keys.serialization.PrivateFormat.TraditionalOpenSSL))}
- name: deployer
  user: {{token: {token}}}
- name: opaque-user
  user: {{token: "{opaque}"}}
- name: basic-user
  user: {{username: kube-basic, password: "{word}"}}
- name: oidc-user
  user:
    auth-provider:
      name: oidc
      config:
        client-id: kube-client
        client-secret: {oidc_secret}
        id-token: {id_token}
        idp-issuer-url: https://idp.corp.example
        refresh-token: {refresh}
- name: exec-user
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: aws
      env:
      - {{name: CLUSTER_API_TOKEN, value: "{env_secret}"}}
""")  # fmt: skip
    h.row("T1-10.client-cert", admin.want, secret=admin.secret)
    h.row("T1-10.service-account", "system:serviceaccount:kube-system:deployer", secret=signature)
    h.row("T1-10.token", "opaque-user", secret=opaque)
    h.row("T1-10.basic", ("kube-basic", "basic-user"), secret=word)
    h.row("T1-10.oidc-refresh", ("oidc-user", "kube-client"), "idp.corp.example", secret=(refresh, oidc_secret))
    h.row("T1-10.exec-env", "CLUSTER_API_TOKEN", secret=env_secret)
    old = keys.Pair("old-admin", days=-30)
    h.put(
        ".kube/configs/old.yaml",
        f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: https://old.k8s.example}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\nusers:\n- name: u\n  user:\n    client-certificate-data: {_b64(old.pem)}\n    client-key-data: {_b64(old.private())}\n",
    )
    h.row("T1-10.cert-expired", old.want, secret=old.secret, expired=True)
    token = "sha256~" + t.pick(43, t.ALNUM + "-_")
    h.put(
        ".kube/openshift.conf",
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "os", "cluster": {"server": "https://api.ocp.example:6443"}}],
                "contexts": [{"name": "o", "context": {"cluster": "os", "user": "ada/api-ocp"}}],
                "users": [{"name": "ada/api-ocp", "user": {"token": token}}],
            }
        ),
    )
    h.row("T1-10.json-openshift", "api.ocp.example", secret=token)
    signed, signature = t.jwt(
        iss="https://idp.corp.example", sub="cache-sub", email="cache@corp.example", exp=t.epoch(t.later(hours=1))
    )
    refresh = t.pick(50)
    h.put(f".kube/cache/oidc-login/{t.hexs(64)}", {"id_token": signed, "refresh_token": refresh})
    h.row("T1-10.oidc-login", ("cache-sub", "cache@corp.example"), secret=(signature, refresh))
    follow = keys.Pair("minikube-user")
    h.put(".minikube/profiles/minikube/client.key", follow.private())
    h.put(".minikube/profiles/minikube/client.crt", follow.pem)
    h.row("T1-10.minikube", follow.key_want, secret=follow.secret)
    if h.linux:
        k3s = keys.Pair("system:admin", org=("system:masters",))
        for name, place in (("admin", "/etc/kubernetes/admin.conf"), ("k3s", "/etc/rancher/k3s/k3s.yaml")):
            k3s = keys.Pair("system:admin", org=("system:masters",))
            h.put(
                place,
                f"apiVersion: v1\nkind: Config\nclusters:\n- cluster: {{server: 'https://10.0.0.5:6443'}}\n  name: default\ncontexts:\n- context: {{cluster: default, user: default}}\n  name: default\nusers:\n- name: default\n  user:\n    client-certificate-data: {_b64(k3s.pem)}\n    client-key-data: {_b64(k3s.private())}\n",
            )
            h.row(f"T1-10.{name}", k3s.want, secret=k3s.secret)


def docker(h: Home) -> None:
    hub, word = "dckr_pat_" + t.pick(27, t.ALNUM + "-_"), t.password()
    identity, signature = t.jwt(jti=(jti := t.uuid()), aud="corp.azurecr.io", exp=t.epoch(t.AHEAD), sub=t.uuid())
    ident = t.pick(40)
    h.put(".docker/config.json", {"auths": {
        "https://index.docker.io/v1/": {"auth": _b64(f"adahub:{hub}")}, "registry.corp.example:5000": {"username": "ada-reg", "password": word},
        "corp.azurecr.io": {"auth": _b64("00000000-0000-0000-0000-000000000000:"), "identitytoken": identity},
        "quay.io": {"auth": _b64("corp+robot:" + ident)}},
        "credHelpers": {"gcr.io": "gcloud"}, "HttpHeaders": {"X-Meta-Source-Type": "image"}, "proxies": {"default": {"httpProxy": f"http://ada-dprox:{(prox := t.password())}@dproxy.corp.example:8080"}}})  # fmt: skip
    h.row("T1-11.hub", "adahub", "docker.io", secret=hub)
    h.row("T1-11.plain", "ada-reg", "registry.corp.example:5000", secret=word)
    h.row("T1-11.acr", "corp.azurecr.io", secret=signature)
    h.row("T1-11.quay", "corp+robot", "quay.io", secret=ident)
    h.row("T1-11.proxy", "ada-dprox", "dproxy.corp.example", secret=prox)
    word = t.password()
    h.put(
        ".dockercfg",
        {"https://legacy.corp.example/v1/": {"auth": _b64(f"ada-legacy:{word}"), "email": "ada@corp.example"}},
    )
    h.row("T1-11.dockercfg", "ada-legacy", "legacy.corp.example", secret=word)
    word = t.password()
    h.put(".config/containers/auth.json", {"auths": {"podman.corp.example": {"auth": _b64(f"ada-pod:{word}")}}})
    h.row("T1-11.podman", "ada-pod", "podman.corp.example", secret=word)
    word = t.password()
    h.put("{prefs}/helm/registry/config.json", {"auths": {"helm.corp.example": {"auth": _b64(f"ada-helm:{word}")}}})
    h.row("T1-11.helm", "ada-helm", "helm.corp.example", secret=word)
    pair = keys.Pair("docker-client")
    context = t.hexs(64)
    h.put(
        f".docker/contexts/meta/{context}/meta.json",
        {
            "Name": "remote",
            "Metadata": {},
            "Endpoints": {"docker": {"Host": "tcp://docker.corp.example:2376", "SkipTLSVerify": False}},
        },
    )
    h.put(f".docker/contexts/tls/{context}/docker/cert.pem", pair.pem)
    h.put(f".docker/contexts/tls/{context}/docker/key.pem", pair.private())
    h.row("T1-11.context-key", pair.key_want, secret=pair.secret)
    from tests.planted.rows_cloud import _service_account

    account, key_id = _service_account("puller")
    h.put(".docker/config.json.bak", {"auths": {"eu.gcr.io": {"auth": _b64("_json_key:" + json.dumps(account))}}})
    h.row("T1-11.json-key", key_id, secret=keys.rsa_secret())


def npm(h: Home) -> None:
    token, word, ident = t.checked("npm"), t.password(), t.password()
    h.put(
        ".npmrc",
        f'registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken={token}\n//npm.corp.example/repo/:username=ada-npm\n//npm.corp.example/repo/:_password="{_b64(word)}"\n//npm.corp.example/repo/:email=ada@corp.example\n//nexus.corp.example/:_auth={_b64("ada-nexus:" + ident)}\n',
    )
    h.row("T1-12.token", "registry.npmjs.org", secret=token)
    h.row("T1-12.password", "ada-npm", "npm.corp.example", secret=word)
    h.row("T1-12.auth", "ada-nexus", "nexus.corp.example", secret=ident)
    token = t.checked("npm")
    h.put(
        "src/web/.npmrc",
        f"@corp:registry=https://npm.pkg.corp.example\r\n//npm.pkg.corp.example/:_authToken={token}\r\n",
    )
    h.row("T1-12.project", "npm.pkg.corp.example", secret=token)
    token = t.pick(36)
    h.put(
        h.pick(".config/pnpm/rc", "Library/Preferences/pnpm/rc", "AppData/Local/pnpm/config/rc"),
        f"//pnpm.corp.example/:_authToken={token}\n",
    )
    h.row("T1-12.pnpm", "pnpm.corp.example", secret=token)
    token, ident = t.pick(36), t.pick(20)
    h.put(
        ".yarnrc.yml",
        f'npmAuthToken: "{token}"\nnpmRegistryServer: "https://yarn.corp.example"\nnpmRegistries:\n  "https://yarn2.corp.example":\n    npmAuthIdent: "ada-yarn:{ident}"\nnpmScopes:\n  corp:\n    npmRegistryServer: "https://yarn3.corp.example"\n    npmAuthToken: "{(third := t.pick(36))}"\n',
    )
    h.row("T1-12.yarn", "yarn.corp.example", secret=token)
    h.row("T1-12.yarn-ident", ("ada-yarn", "yarn2.corp.example"), secret=ident)
    h.row("T1-12.yarn-scope", ("yarn3.corp.example", "corp"), secret=third)
    token, word = t.pick(36), t.password()
    h.put(
        "src/bun/bunfig.toml",
        f'[install]\nregistry = {{ url = "https://bun.corp.example/", token = "{token}" }}\n[install.scopes]\ncorp = {{ url = "https://bun2.corp.example", username = "ada-bun", password = "{word}" }}\n',
    )
    h.row("T1-12.bun", "bun.corp.example", secret=token)
    h.row("T1-12.bun-scope", "ada-bun", "bun2.corp.example", secret=word)


def pypi(h: Home) -> None:
    token, name, secret = t.macaroon("corp-lib")
    test, test_name, test_secret = t.macaroon()
    word = t.password()
    h.put(
        ".pypirc",
        f"[distutils]\nindex-servers =\n    pypi\n    corp\n\n[pypi]\nusername = __token__\npassword = {token}\n\n[testpypi]\nusername = __token__\npassword = {test}\n\n[corp]\nrepository = https://pypi.corp.example/upload\nusername = ada-pypi\npassword = {word}\n",
    )
    h.row("T1-13.token", name, secret=secret)
    h.row("T1-13.second-token", test_name, secret=test_secret)
    h.row("T1-13.password", "ada-pypi", "pypi.corp.example", secret=word)
    word, extra = t.password(), t.password()
    h.put(
        h.pick(".config/pip/pip.conf", "Library/Application Support/pip/pip.conf", "AppData/Roaming/pip/pip.ini"),
        f"[global]\nindex-url = https://ada-pip:{word}@pip.corp.example/simple\nextra-index-url =\n    https://ada-pip2:{extra}@pip2.corp.example/simple\n",
    )
    h.row("T1-13.pip", "ada-pip", "pip.corp.example", secret=word)
    h.row("T1-13.pip-extra", "ada-pip2", "pip2.corp.example", secret=extra)
    word = t.password()
    h.put(
        ".pip/pip.conf" if not h.windows else "pip/pip.ini",
        f"[global]\nindex-url = https://ada-piplegacy:{word}@piplegacy.corp.example/simple\n",
    )
    h.row("T1-13.pip-legacy", "ada-piplegacy", "piplegacy.corp.example", secret=word)
    token, name, secret = t.macaroon()
    word = t.password()
    h.put(
        "{support}/pypoetry/auth.toml",
        f'[http-basic.corp]\nusername = "ada-poetry"\npassword = "{word}"\n\n[pypi-token]\npypi = "{token}"\n',
    )
    h.row("T1-13.poetry", "ada-poetry", secret=word)
    h.row("T1-13.poetry-token", name, secret=secret)
    word = t.password()
    h.put(
        "src/app/pip.conf" if h.windows else "src/app/.venv/pip.conf",
        f"[global]\nindex-url = https://ada-venv:{word}@venv.corp.example/simple\n",
    )
    if not h.windows:
        h.row("T1-13.venv", "ada-venv", "venv.corp.example", secret=word)
    token = "an-" + t.lower(40)
    h.put(".condarc", f"channels:\n  - https://conda.corp.example/t/{token}/main\n  - defaults\n")
    h.row("T1-13.condarc", "conda.corp.example", secret=token)
    uv = t.password()
    h.put("src/uvapp/uv.toml", f'[[index]]\nname = "corp"\nurl = "https://ada-uv:{uv}@uv.corp.example/simple"\n')
    h.row("T1-13.uv", "ada-uv", "uv.corp.example", secret=uv)


ROWS = (gh, git, ssh, kube, docker, npm, pypi)
