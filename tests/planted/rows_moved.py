"""A second home, whose owner moved files with the variables that tools have for that."""

from __future__ import annotations

import base64
import json

from tests.planted import keys
from tests.planted import tokens as t
from tests.planted.layout import Home
from tests.planted.rows_cloud import _service_account, _user


def moved(h: Home) -> None:
    """Write start-up files with the variables, and each file where its variable says."""
    lines: list[str] = []

    def to(variable: str, value: str) -> None:
        lines.append(f'export {variable}="$HOME/{value}"')

    to("AWS_SHARED_CREDENTIALS_FILE", "m/aws-creds")
    h.put("m/aws-creds", f"[moved]\naws_access_key_id = {(k := t.aws_key())[0]}\naws_secret_access_key = {k[1]}\n")
    h.row("moved.aws-credentials", k[0], secret=k[1])
    to("AWS_CONFIG_FILE", "m/aws-config")
    h.put(
        "m/aws-config",
        f"[profile moved]\naws_access_key_id = {(k := t.aws_key())[0]}\naws_secret_access_key = {k[1]}\n",
    )
    h.row("moved.aws-config", k[0], secret=k[1])
    to("GOOGLE_APPLICATION_CREDENTIALS", "m/gcp.json")
    account, key_id = _service_account("moved")
    h.put("m/gcp.json", account)
    h.row("moved.adc", key_id, secret=keys.rsa_secret())
    to("CLOUDSDK_CONFIG", "m/gcloud")
    user, refresh = _user()
    h.sqlite(
        "m/gcloud/credentials.db",
        "CREATE TABLE credentials (account_id TEXT PRIMARY KEY, value BLOB);",
        [("INSERT INTO credentials VALUES (?,?)", ("moved@corp.example", json.dumps(user)))],
    )
    h.row("moved.gcloud", "moved@corp.example", secret=refresh)
    to("AZURE_CONFIG_DIR", "m/azure")
    h.put(
        "m/azure/service_principal_entries.json",
        [{"client_id": (i := t.uuid()), "tenant": t.uuid(), "client_secret": (a := f"{t.pick(3)}8Q~{t.pick(34)}")}],
    )
    h.row("moved.azure", i, secret=a)
    to("GH_CONFIG_DIR", "m/gh")
    h.put("m/gh/hosts.yml", f"github.com:\n    user: moved-gh\n    oauth_token: {(a := t.checked('gho'))}\n")
    h.row("moved.gh", "moved-gh", secret=a)
    to("DOCKER_CONFIG", "m/docker")
    h.put(
        "m/docker/config.json",
        {
            "auths": {
                "moved.registry.example": {"auth": base64.b64encode(f"moved-reg:{(a := t.pick(16))}".encode()).decode()}
            }
        },
    )
    h.row("moved.docker", "moved.registry.example", secret=a)
    to("NPM_CONFIG_USERCONFIG", "m/npmrc")
    h.put("m/npmrc", f"//npm.moved.example/:_authToken={(a := t.pick(36))}\n")
    h.row("moved.npm", "npm.moved.example", secret=a)
    to("PIP_CONFIG_FILE", "m/pip.conf")
    h.put("m/pip.conf", f"[global]\nindex-url = https://moved-pip:{(a := t.pick(16))}@pip.moved.example/simple\n")
    h.row("moved.pip", "moved-pip", secret=a)
    to("VAULT_TOKEN_PATH", "m/vt")
    h.put("m/vt", "hvs." + (a := t.pick(24)))
    h.row("moved.vault", "m/vt", secret=a)
    to("TF_CLI_CONFIG_FILE", "m/tfrc")
    h.put("m/tfrc", f'credentials "tf.moved.example" {{\n  token = "{(a := t.pick(40))}"\n}}\n')
    h.row("moved.terraform", "tf.moved.example", secret=a)
    to("CLAUDE_CONFIG_DIR", "m/claude")
    h.put(
        "m/claude/.credentials.json",
        {
            "claudeAiOauth": {
                "accessToken": (a := t.anthropic("oat01")),
                "refreshToken": (b := t.anthropic("ort01")),
                "expiresAt": t.epoch(t.AHEAD) * 1000,
                "scopes": [],
            }
        },
    )
    h.row("moved.claude", "m/claude/.credentials.json", secret=(a, b))
    to("CODEX_HOME", "m/codex")
    h.put("m/codex/auth.json", {"OPENAI_API_KEY": (a := t.openai())})
    h.row("moved.codex", "m/codex/auth.json", secret=a)
    to("HF_HOME", "m/hf")
    h.put("m/hf/token", (a := t.hf()))
    h.row("moved.hf", "m/hf/token", secret=a)
    to("PGPASSFILE", "m/pgpass")
    h.put("m/pgpass", f"pg.moved.example:5432:*:moved_pg:{(a := t.pick(16))}\n")
    h.row("moved.pgpass", "pg.moved.example", "moved_pg", secret=a)
    to("NETRC", "m/netrc")
    h.put("m/netrc", f"machine netrc.moved.example login moved-n password {(a := t.pick(16))}\n")
    h.row("moved.netrc", "netrc.moved.example", secret=a)
    to("KUBECONFIG", f"m/kube-a{';' if h.windows else ':'}$HOME/m/kube-b")
    for n in "ab":
        h.put(
            f"m/kube-{n}",
            f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: https://{n}.k8s.example}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: moved-{n}}}}}]\nusers:\n- name: moved-{n}\n  user: {{token: {(a := t.pick(40))}}}\n",
        )
        h.row(f"moved.kube-{n}", f"moved-{n}", secret=a)
    to("RCLONE_CONFIG", "m/rclone.conf")
    h.put("m/rclone.conf", f"[s3]\ntype = s3\naccess_key_id = {(k := t.aws_key())[0]}\nsecret_access_key = {k[1]}\n")
    h.row("moved.rclone", k[0], secret=k[1])
    to("CARGO_HOME", "m/cargo")
    h.put("m/cargo/credentials.toml", f'[registries.movedreg]\ntoken = "{(a := t.pick(40))}"\n')
    h.row("moved.cargo", "movedreg", secret=a)
    to("DATABRICKS_CONFIG_FILE", "m/dbx")
    h.put("m/dbx", f"[DEFAULT]\nhost = https://moved.databricks.example\ntoken = dapi{(a := t.hexs(32))}\n")
    h.row("moved.databricks", "moved.databricks.example", secret=a)
    to("PULUMI_HOME", "m/pulumi")
    h.put(
        "m/pulumi/credentials.json",
        {
            "current": "https://pulumi.moved.example",
            "accessTokens": {"https://pulumi.moved.example": "pul-" + (a := t.hexs(40))},
            "accounts": {},
        },
    )
    h.row("moved.pulumi", "pulumi.moved.example", secret=a)
    to("SOPS_AGE_KEY_FILE", "m/age.txt")
    import pyrage

    made = pyrage.x25519.Identity.generate()
    h.put("m/age.txt", f"# public key: {made.to_public()}\n{made}\n")
    h.row("moved.age", str(made.to_public()), secret=str(made)[20:])
    to("REGISTRY_AUTH_FILE", "m/auth.json")
    h.put(
        "m/auth.json",
        {
            "auths": {
                "podman.moved.example": {"auth": base64.b64encode(f"moved-pod:{(a := t.pick(16))}".encode()).decode()}
            }
        },
    )
    h.row("moved.podman", "podman.moved.example", secret=a)
    to("HISTFILE", "m/hist")
    h.put("m/hist", f"export GITHUB_TOKEN={(a := t.github())}\n")
    h.row("moved.histfile", "m/hist", secret=a)
    to("GLAB_CONFIG_DIR", "m/glab")
    h.put(
        "m/glab/config.yml",
        f"hosts:\n    gitlab.moved.example:\n        token: {(a := t.gitlab())}\n        user: moved-glab\n",
    )
    h.row("moved.glab", "moved-glab", secret=a)
    to("KAGGLE_CONFIG_DIR", "m/kaggle")
    h.put("m/kaggle/kaggle.json", {"username": "moved-kaggle", "key": (a := t.hexs(32))})
    h.row("moved.kaggle", "moved-kaggle", secret=a)
    to("ARGOCD_CONFIG_DIR", "m/argocd")
    h.put(
        "m/argocd/config",
        f"users:\n- auth-token: {(a := t.jwt(jti=t.uuid(), exp=t.epoch(t.AHEAD)))[0]}\n  name: argo.moved.example\nservers:\n- server: argo.moved.example\ncontexts:\n- name: c\n  server: argo.moved.example\n  user: argo.moved.example\n",
    )
    h.row("moved.argocd", "argo.moved.example", secret=a[1])
    to("SNOWFLAKE_HOME", "m/snow")
    h.put(
        "m/snow/connections.toml",
        f'[x]\naccount = "moved-acct"\nuser = "moved_snow"\npassword = "{(a := t.pick(18))}"\n',
    )
    h.row("moved.snowflake", "moved-acct", secret=a)
    to("FLY_CONFIG_DIR", "m/fly")
    h.put("m/fly/config.yml", f"access_token: fm2_{(a := t.b64(150))}\n")
    h.row("moved.fly", "m/fly/config.yml", secret=a)
    to("OCI_CLI_CONFIG_FILE", "m/oci")
    h.put(
        "m/oci",
        f"[DEFAULT]\nuser=ocid1.user.oc1..{t.lower(30)}\nfingerprint={(f := ':'.join(t.hexs(2) for _ in range(16)))}\ntenancy=ocid1.tenancy.oc1..x\nkey_file=~/m/none.pem\n",
    )
    h.row("moved.oci", f)
    to("MCP_REMOTE_CONFIG_DIR", "m/mcp")
    h.put(
        "m/mcp/mcp-remote-0.1.30/abc_client_info.json",
        {"client_id": "moved-mcp-client", "client_secret": (a := t.pick(40))},
    )
    h.row("moved.mcp-remote", "moved-mcp-client", secret=a)
    to("BITWARDENCLI_APPDATA_DIR", "m/bw")
    user = t.uuid()
    h.put(
        "m/bw/data.json",
        {
            "global_account_accounts": {user: {"email": "moved@bw.example"}},
            f"user_{user}_token_refreshToken": (a := t.b64u(64)),
        },
    )
    h.row("moved.bitwarden", (user, "moved@bw.example"), secret=a)
    to("GNUPGHOME", "m/gpg")
    found = keys.gnupg(h.at("m/gpg"), "Moved <moved@gpg.example>")
    h.last = "m/gpg"
    h.row("moved.gnupg", found)
    to("HELM_REGISTRY_CONFIG", "m/helm.json")
    h.put(
        "m/helm.json",
        {
            "auths": {
                "helm.moved.example": {"auth": base64.b64encode(f"moved-helm:{(a := t.pick(16))}".encode()).decode()}
            }
        },
    )
    h.row("moved.helm", "helm.moved.example", secret=a)
    to("COMPOSER_HOME", "m/composer")
    h.put(
        "m/composer/auth.json",
        {"http-basic": {"composer.moved.example": {"username": "moved-c", "password": (a := t.pick(18))}}},
    )
    h.row("moved.composer", "composer.moved.example", secret=a)
    to("POETRY_CONFIG_DIR", "m/poetry")
    h.put(
        "m/poetry/auth.toml", f'[http-basic.movedrepo]\nusername = "moved-poetry"\npassword = "{(a := t.pick(16))}"\n'
    )
    h.row("moved.poetry", "moved-poetry", secret=a)
    to("GEMINI_CLI_HOME", "m/gem")
    h.put(
        "m/gem/.gemini/oauth_creds.json",
        {
            "access_token": t.google_access(),
            "refresh_token": (a := t.google_refresh()),
            "id_token": t.jwt(email="moved@gem.example", sub="1")[0],
            "expiry_date": 1,
        },
    )
    h.row("moved.gemini", ("moved@gem.example", "m/gem"), secret=a)
    to("SAML2AWS_CONFIGFILE", "m/saml")
    h.put("m/saml", "[default]\nurl = https://idp.moved.example\nusername = moved-saml\nprovider = Okta\n")
    h.row("moved.saml2aws", "moved-saml", public=True)
    h.put(h.pick(".bashrc", ".zshrc", ".bashrc"), "\n".join(lines) + "\n")


ROWS = (moved,)
