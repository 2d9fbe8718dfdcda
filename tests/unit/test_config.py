"""`rescind.toml`: where it may come from, who may have written it, what it may hold, and what a refusal says (and never says)."""

import os
import traceback
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.errors import ConfigError
from rescind.models.provider import Provider
from rescind.models.tenant import SecretRef
from rescind.schema import config, owned
from rescind.schema.config_shape import ConfigShape

AWS = Provider(
    id="aws",
    title="AWS",
    connect="x:y",
    required=("account_id",),
    settings=("account_id", "profile", "region", "endpoint_url", "role_arn"),
    reference="https://docs.aws.amazon.com/",
)
VAULT = Provider(
    id="vault",
    title="Vault",
    connect="x:y",
    required=("base_url",),
    settings=("base_url", "namespace"),
    reference="https://openbao.org/",
)
KNOWN = {"aws": AWS, "vault": VAULT}
PLANTED = "hvs.PLANTEDPLANTEDPLANTEDPLANTED"

FULL = """\
[org]
domains = ["example.com"]
recipients = ["age1example"]
allowed_signers = "allowed_signers"
protected = ["break-glass@example.com"]
fingerprint_key = { env = "RESCIND_KEY" }
max_credentials = 40

[tenant.prod-aws]
provider = "aws"
account_id = "123456789012"
profile = "responder"
rate = 5
access_key_id = { file = "aws-id" }
write = { role_arn = "arn:aws:iam::123456789012:role/cut", secret_access_key = { env = "W" } }

[tenant.vault]
provider = "vault"
base_url = "https://vault.example.com"
token = { keyring = "rescind/vault" }

[person."ada@example.com"]
aws = ["ada", "ada-admin"]

[store]
url = "postgresql://db.example.com/rescind"
password = { command = ["pass", "db"] }
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("RESCIND_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    there = home / ".config" / "rescind"
    there.mkdir(parents=True, mode=0o700)
    signers(there)
    return there


def signers(there):
    (there / "allowed_signers").write_text("ada@example.com ssh-ed25519 AAAA\n")
    (there / "allowed_signers").chmod(0o600)


def put(there, text, name="rescind.toml", mode=0o600):
    path = there / name
    path.write_text(text)
    path.chmod(mode)
    return path


def load(path=None, **more):
    return config.load(path, known=KNOWN, **more)


def refusal(there, text):
    with pytest.raises(ConfigError) as caught:
        load(put(there, text))
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(there / "rescind.toml"), "T")


def test_everything_that_can_be_said(folder):
    c = load(put(folder, FULL))
    assert (c.org.domains, c.org.recipients, c.org.protected) == (
        ("example.com",),
        ("age1example",),
        ("break-glass@example.com",),
    )
    assert (c.org.max_credentials, c.org.fingerprint_key) == (40, SecretRef(env="RESCIND_KEY"))
    assert c.org.allowed_signers == folder / "allowed_signers"
    aws, vault = c.tenants
    assert (aws.name, aws.provider, aws.rate, aws.settings) == (
        "prod-aws",
        "aws",
        5.0,
        {"account_id": "123456789012", "profile": "responder"},
    )
    assert aws.refs == {"access_key_id": SecretRef(file=str(folder / "aws-id"))}
    assert (aws.write, aws.write_refs) == (
        {"role_arn": "arn:aws:iam::123456789012:role/cut"},
        {"secret_access_key": SecretRef(env="W")},
    )
    assert vault.refs == {"token": SecretRef(keyring="rescind/vault")}
    assert c.persons == {"ada@example.com": {"aws": ("ada", "ada-admin")}}
    assert (c.store_url, c.store_password) == ("postgresql://db.example.com/rescind", SecretRef(command=("pass", "db")))
    assert (c.missing, c.path) == (False, folder / "rescind.toml")


@pytest.mark.parametrize(
    ("url", "folder"),
    [("sqlite:////srv/rescind/rescind.db", "/srv/rescind"), ("sqlite:///srv/rescind/rescind.db", "/srv/rescind")],
)
def test_the_store_moves_the_state(url, folder):
    assert str(config.state_folder(config.Config(store_url=url))) == folder


@pytest.mark.parametrize(
    "url", ["postgresql://db.example.com/rescind", "sqlite:////srv/other.db", "file:///x/rescind.db"]
)
def test_a_store_that_cannot_be_used_is_refused_not_ignored(url):
    with pytest.raises(ConfigError, match="cannot use"):
        config.state_folder(config.Config(store_url=url))


def test_no_configuration_yet_is_an_empty_one_that_says_so(folder):
    c = load()
    assert c.missing
    assert c.tenants == ()
    assert config.state_folder(c).name == "rescind"
    assert config.policy_digest(c).startswith("sha256:")


def test_it_is_found_in_the_users_folder_by_variable_and_by_name(folder, tmp_path, monkeypatch):
    put(folder, '[org]\ndomains = ["default"]\n')
    assert load().org.domains == ("default",)
    other = put(folder, '[org]\ndomains = ["variable"]\n', "other.toml")
    monkeypatch.setenv("RESCIND_CONFIG", str(other))
    assert load().org.domains == ("variable",)
    assert load(folder / "rescind.toml").org.domains == ("default",)


def test_a_file_that_was_named_has_to_exist(folder, monkeypatch):
    with pytest.raises(ConfigError, match="No such file"):
        load(folder / "none.toml")
    monkeypatch.setenv("RESCIND_CONFIG", str(folder / "none.toml"))
    with pytest.raises(ConfigError, match="No such file"):
        load()


def test_the_working_directory_is_never_looked_at(folder, tmp_path, monkeypatch):
    planted = tmp_path / "image"
    planted.mkdir(mode=0o700)
    put(planted, '[org]\ndomains = ["planted"]\n')
    (planted / "rescind").mkdir(mode=0o700)
    put(planted / "rescind", '[org]\ndomains = ["planted"]\n')
    monkeypatch.chdir(planted)
    assert load().missing
    for value in ("rescind.toml", "./rescind.toml"):
        monkeypatch.setenv("RESCIND_CONFIG", value)
        with pytest.raises(ConfigError, match="relative"):
            load()
        with pytest.raises(ConfigError, match="relative"):
            load(Path(os.environ["RESCIND_CONFIG"]) if value[0] != "." else None)
    monkeypatch.delenv("RESCIND_CONFIG")
    monkeypatch.setattr(config.platformdirs, "user_config_dir", lambda name: name)
    with pytest.raises(ConfigError, match="relative"):
        load()


def test_a_configuration_inside_evidence_is_refused(folder, tmp_path, monkeypatch):
    image = tmp_path / "image"
    (image / "etc").mkdir(parents=True, mode=0o700)
    planted = put(image / "etc", "[org]\n")
    mine = put(folder, "[org]\n")
    for evidence, path in ((image, planted), (folder.parent, mine), (image / "..", planted)):
        with pytest.raises(ConfigError, match="inside the evidence"):
            load(path, evidence=evidence)
    assert load(mine, evidence=image).path == mine
    link = folder / "link.toml"
    link.symlink_to(planted)
    with pytest.raises(ConfigError, match="inside the evidence"):
        load(link, evidence=image)
    out = image / "out.toml"
    out.symlink_to(mine)
    with pytest.raises(ConfigError, match="inside the evidence"):
        load(out, evidence=image)
    monkeypatch.setenv("RESCIND_CONFIG", str(planted))
    with pytest.raises(ConfigError, match="inside the evidence"):
        load(evidence=image)


def test_the_operators_own_live_home_as_evidence_keeps_the_operators_own_configuration(folder, tmp_path, monkeypatch):
    put(folder, '[org]\ndomains = ["mine"]\n')
    assert load(evidence=Path.home()).org.domains == ("mine",)
    monkeypatch.setattr(config.platformdirs, "user_config_dir", lambda name: str(tmp_path / "image"))
    with pytest.raises(ConfigError, match="inside the evidence"):
        load(evidence=tmp_path / "image")


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666, 0o777])
def test_a_file_that_others_can_write_is_refused(folder, mode):
    path = put(folder, "[org]\n", mode=mode)
    with pytest.raises(ConfigError, match="others can write to it") as caught:
        load(path)
    assert caught.value.hint == f"chmod go-w '{path}'"


def test_a_folder_that_others_can_write_is_refused_also_behind_a_link(folder, tmp_path):
    path = put(folder, "[org]\n")
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o1777)
    with pytest.raises(ConfigError, match="others can write to it"):
        load(put(loose, "[org]\n"))
    link = loose / "link.toml"
    link.symlink_to(path)
    with pytest.raises(ConfigError, match="others can write to it"):
        load(link)
    link = folder / "link.toml"
    link.symlink_to(loose / "rescind.toml")
    with pytest.raises(ConfigError, match="others can write to it"):
        load(link)


def test_readable_by_others_is_fine_and_somebody_elses_file_is_not(folder, monkeypatch):
    path = put(folder, "[org]\n", mode=0o644)
    assert not load(path).missing
    monkeypatch.setattr(owned.os, "geteuid", lambda: 54321)
    if path.stat().st_uid != 0:
        with pytest.raises(ConfigError, match="belongs to user"):
            load(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(folder):
    path = put(folder, "[org]\n")
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError, match="belongs to user 12345"):
        load(path)


def test_the_signers_file_is_held_to_the_same_rules(folder):
    put(folder, FULL)
    (folder / "allowed_signers").chmod(0o666)
    with pytest.raises(ConfigError, match="allowed_signers: others can write"):
        load()
    (folder / "allowed_signers").unlink()
    with pytest.raises(ConfigError, match="allowed_signers: it cannot be opened"):
        load()


def test_what_is_not_a_readable_file_is_refused(folder):
    os.mkfifo(folder / "pipe.toml", 0o600)
    for name, why in {"pipe.toml": "not a file", ".": "not a file", "a\x00": "file name"}.items():
        with pytest.raises(ConfigError, match=why):
            load(folder / name)
    (folder / "big.toml").write_bytes(b"#" * (config.MAX_BYTES + 1))
    (folder / "bytes.toml").write_bytes(b"\xff")
    for name, why in {"big.toml": "more than", "bytes.toml": "UTF-8"}.items():
        (folder / name).chmod(0o600)
        with pytest.raises(ConfigError, match=why):
            load(folder / name)


AWS_WORDS = "provider, rate, write, account_id, profile, region, endpoint_url, role_arn, source_of_authority"
REFERENCE = 'a reference such as { keyring = "service/account" }, { env = "NAME" }, { file = "…" } or { command = […] }'
GOLDEN = {
    "syntax": ("[org\n", "T: this is not TOML: Expected ']' at the end of a table declaration (at line 1, column 5)"),
    "unknown table": (
        "[tennant.a]\n",
        f"T:1: at tennant: found the unknown key 'tennant'; allowed: {', '.join(ConfigShape.model_fields)}; did you mean 'tenant'?",
    ),
    "unknown key": (
        "[org]\n\ndomain = []\n",
        "T:3: at org.domain: found the unknown key 'domain'; allowed: domains, recipients, allowed_signers, protected, legal_hold, fingerprint_key, max_credentials; did you mean 'domains'?",
    ),
    "wrong type": (
        '[org]\ndomains = "example.com"\n',
        "T:2: at org.domains: found text of 11 characters; allowed: a list",
    ),
    "unknown provider": (
        '[tenant.a]\nprovider = "awz"\n',
        "T:2: at tenant.a.provider: found 'awz'; allowed: aws, vault; did you mean 'aws'?",
    ),
    "no provider": ("[tenant.a]\n", "T:1: at tenant.a: found no `provider`; allowed: `provider` is required"),
    "required setting": (
        '[tenant.a]\nprovider = "aws"\n',
        "T:1: at tenant.a: found no `account_id`; allowed: `account_id` is required for provider 'aws' (https://docs.aws.amazon.com/)",
    ),
    "unknown setting": (
        '[tenant.a]\nprovider = "aws"\nacount_id = "1"\n',
        f"T:3: at tenant.a.acount_id: found the unknown key 'acount_id'; allowed: {AWS_WORDS}, or {REFERENCE}; did you mean 'account_id'?",
    ),
    "two places": (
        '[tenant.a]\nprovider = "vault"\nbase_url = "https://v"\ntoken = { env = "A", file = "b" }\n',
        "T:4: at tenant.a.token: found a mapping; allowed: exactly one of keyring, env, file and command",
    ),
    "unknown place": (
        '[tenant.a]\nprovider = "vault"\nbase_url = "https://v"\ntoken = { enw = "A" }\n',
        "T:4: at tenant.a.token.enw: found the unknown key 'enw'; allowed: keyring, env, file, command; did you mean 'env'?",
    ),
    "shell command": (
        '[tenant.a]\nprovider = "vault"\nbase_url = "https://v"\ntoken = { command = "pass vault" }\n',
        "T:4: at tenant.a.token.command: found text of 10 characters; allowed: a list",
    ),
    "unknown person's provider": (
        '[person."a@b"]\nawz = ["x"]\n',
        "T:2: at person.\"a@b\".awz: found the unknown provider 'awz'; allowed: aws, vault; did you mean 'aws'?",
    ),
    "tenant name": (
        '[tenant."../a"]\nprovider = "aws"\n',
        'T:1: at tenant."../a": found a tenant name that is not a word; allowed: letters, digits, dots, hyphens and underscores',
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_messages(folder, case):
    text, message = GOLDEN[case]
    assert refusal(folder, text) == message


TENANT = '[tenant.a]\nprovider = "vault"\nbase_url = "https://v"\n'


@pytest.mark.parametrize(
    "text",
    [
        TENANT + f'token = "{PLANTED}"\n',
        TENANT + f'tokn = "{PLANTED}"\n',
        TENANT + f'client_secret = "{PLANTED}"\n',
        TENANT + f'write = {{ token = "{PLANTED}" }}\n',
        TENANT + f'token = {{ enw = "{PLANTED}" }}\n',
        TENANT + f'token = {{ env = ["{PLANTED}"] }}\n',
        TENANT + f'rate = "{PLANTED}"\n',
        TENANT + f'write = "{PLANTED}"\n',
        TENANT.replace("vault", PLANTED),
        TENANT.replace("https://v", f"https://root:{PLANTED}@v"),
        TENANT.replace("https://v", f"HTTPS://{PLANTED}@v"),
        TENANT + f'namespace = [["{PLANTED}"]]\n',
        f'[org]\nfingerprint_key = "{PLANTED}"\n',
        f'[org]\nmax_credentials = "{PLANTED}"\n',
        f'[store]\nurl = "postgresql://rescind:{PLANTED}@db/rescind"\n',
        f'[store]\npassword = "{PLANTED}"\n',
        f"[store]\n{PLANTED.replace('.', '')} = 1\n",
        f'token = "{PLANTED}\n',
    ],
)
def test_a_secret_pasted_anywhere_is_refused_and_never_shown(folder, text):
    path = put(folder, text)
    try:
        load(path)
    except ConfigError as error:
        shown = "".join(traceback.format_exception(error)) + error.hint
        assert "PLANTED" not in shown
    else:
        pytest.fail("it was taken")


def test_a_literal_says_what_is_wanted_instead(folder):
    assert (
        refusal(folder, TENANT + f'token = "{PLANTED}"\n')
        == f"T:4: at tenant.a.token: found text of 32 characters where a secret belongs; allowed: {REFERENCE}"
    )
    assert (
        refusal(folder, f'[org]\nfingerprint_key = "{PLANTED}"\n')
        == f"T:2: at org.fingerprint_key: found text of 32 characters; allowed: {REFERENCE}"
    )


def digest(there, text):
    return config.policy_digest(load(put(there, text)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"break-glass@example.com"', '"other@example.com"'),
        ("max_credentials = 40", "max_credentials = 41"),
        ("max_credentials = 40", "max_credentials = 41"),
        ('"ada-admin"', '"root"'),
        ("age1example", "age1other"),
        ('"123456789012"', '"210987654321"'),
        ("prod-aws", "stage-aws"),
        ("role/cut", "role/other"),
        ("https://vault", "https://vauld"),
    ],
)
def test_the_policy_digest_changes_with_everything_a_plan_depends_on(folder, old, new):
    assert digest(folder, FULL) != digest(folder, FULL.replace(old, new))


def test_the_policy_digest_covers_the_signers_content_and_no_secret_or_place(folder):
    before = digest(folder, FULL)
    assert before == digest(
        folder, "# a comment\n" + FULL.replace("rescind/vault", "rescind/other").replace("RESCIND_KEY", "K")
    )
    (folder / "allowed_signers").write_text("mallory ssh-ed25519 BBBB\n")
    assert before != digest(folder, FULL)


def test_the_examples_of_every_real_provider_row_can_be_configured(folder):
    for row in catalogue.providers().values():
        lines = "".join(f'{name} = "x"\n' for name in row.required)
        (tenant,) = config.load(put(folder, f'[tenant.a]\nprovider = "{row.id}"\n{lines}')).tenants
        assert tenant.provider == row.id
