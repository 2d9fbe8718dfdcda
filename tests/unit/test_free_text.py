"""Free text: what shells, editors and assistants write down, the engine beside our own reading, and what is no secret at all."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks._planted import Made, decoys, planted
from hypothesis import given
from hypothesis import strategies as st

from rescind import catalogue
from rescind.errors import EvidenceError, Unparsable
from rescind.host.detector import ABSENT, Detector, is_installed
from rescind.models.clock import SystemClock
from rescind.models.evidence import Finding, Location, State
from rescind.pipeline.decoys import is_decoy
from rescind.pipeline.inventory import build, to_json
from rescind.pipeline.scan import scan
from rescind.stores import _free, _lines

AT = Location(root="home", path="x")
ENGINE = pytest.mark.skipif(not is_installed(), reason="the engine is not installed here")


def read(text: str) -> list[Finding]:
    return list(_free.searched(_lines.plain)(text.encode(), AT))


def values(text: str) -> list[str]:
    return [f.secret.reveal() for f in read(text) if f.secret]


def write(home: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(data)
    return home


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_planted_secret_is_found_once_and_never_shown(tmp_path: Path, seed: int) -> None:
    files, held = planted(seed)
    result = scan(write(tmp_path, files), clock=SystemClock(), environ={})
    found, _ = build(result, key=b"k" * 32)
    by_value = {f.secret.reveal(): f for _, f in result.findings if f.secret}
    assert not {name for name, value in held.items() if value not in by_value}
    assert len(found.credentials) == len(held), "nothing else, and each once"
    text = json.dumps(to_json(found)) + repr(result) + repr(found)
    assert not [name for name, value in held.items() if value in text]
    assert not result.gaps


def test_decoys_are_no_credentials(tmp_path: Path) -> None:
    result = scan(write(tmp_path, decoys()), clock=SystemClock(), environ={})
    assert [f for _, f in result.findings if f.state is not State.PLACEHOLDER] == []


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("tool --password {} --force", True),
        ("tool --api-key={}", True),
        ("mysql -h db -u root -p{} shop", True),
        ("mysql -h db -u root -p", False),
        ("mysqldump -P 3306 -p'{}' shop > x.sql", True),
        ("sshpass -p {} ssh a@b.example.com", True),
        ("curl -s -u ada:{} https://x.example.com", True),
        ("curl -H 'X-Api-Key: {}' https://x.example.com", True),
        ("echo {} | docker login -u ada --password-stdin r.example.com", True),
        ("echo ada:{} | sudo chpasswd", True),
        ("redis-cli -h r -a {} ping", True),
        ("ldapsearch -x -D cn=a -w {} -b dc=x", True),
        ("$env:TOKEN = '{}'", True),
        ("setx API_TOKEN {}", True),
        ("set -gx API_TOKEN {}", True),
        ("ALTER USER ada IDENTIFIED BY '{}';", True),
        ("openssl rsa -passin pass:{} -in k", True),
        ("redis://:{}@cache.example.com:6379/0", True),
        ("export API_TOKEN=$({})", False),
        ("export API_TOKEN=${}", False),
        ("tool --password-file {}", False),
        ("token {} was rotated", False),
        ("https://user:<{}>@x.example.com", False),
    ],
)
def test_commands(line: str, value: bool) -> None:
    secret = Made(7).password()
    assert values(line.format(secret)) == ([secret] if value else [])


_EMULATOR = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq" + "/K1SZFPTOtr/KBHBeksoGMGw=="
NOTHING = (
    f"export AZURE_STORAGE_CONNECTION_STRING='DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_EMULATOR};BlobEndpoint=http://127.0.0.1:10000'",
    "export STRIPE_KEY=sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws s3 ls",
    "export AWS_ACCESS_KEY_ID=AKIAI44QH8DHBEXAMPLE AWS_SECRET_ACCESS_KEY=je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
    "curl -H 'Authorization: Bearer xxxxxxxxxxxxxxxxxxxx' https://a",
    'curl -H "Authorization: Bearer ${TOKEN}" x',
    "curl -H 'Authorization: token YOUR_TOKEN_HERE' x",
    "curl -H 'X-Vault-Token: s.xxxxxxxxxxxxxxxxxxxxxxxx' x",
    "docker run -e POSTGRES_PASSWORD=postgres -e MYSQL_ROOT_PASSWORD=root db",
    "docker run -e POSTGRES_PASSWORD=mysecretpassword postgres",
    "kubectl create secret generic x --from-literal=password=changeme",
    "gh auth login --with-token < token.txt",
    "npm config set //registry.npmjs.org/:_authToken ${NPM_TOKEN}",
    "vault login -method=oidc",
    "vault token lookup",
    "vault write auth/approle/login role_id=$R secret_id=$S",
    "aws configure set region eu-central-1",
    "sshpass -e ssh a@b",
    "sshpass -f ~/.p ssh a@b",
    "ssh-add ~/.ssh/id_ed25519",
    "openssl genrsa -passout pass:test 2048",
    "openssl rand -hex 32",
    "head -c 32 /dev/urandom | base64",
    "echo $API_TOKEN | docker login --password-stdin -u x",
    "PASS=$(op read op://a/b/c)",
    "export KEY=`vault kv get -field=x y`",
    "git log --author=token",
    "pytest -k test_password_reset",
    "grep -rn 'api_key=' .",
    "vim password_reset.py",
    "cat token.json | jq .access_token",
    "jq -r .token < x",
    "sed -i 's/password=.*/password=REDACTED/' f",
    "export GITHUB_TOKEN=ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "export SLACK_TOKEN=xoxb-your-token-here",
    "export SLACK_BOT_TOKEN=xoxb-000000000000-000000000000-xxxxxxxxxxxxxxxxxxxxxxxx",
    "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "export ANTHROPIC_API_KEY=sk-ant-api03-...",
    "heroku config:set SECRET_KEY=$(openssl rand -hex 16)",
    "password = input('Password: ')",
    "self.token = token",
    "const token = process.env.TOKEN;",
    "token: str | None = None",
    "let password = String::new();",
    '"password": "string",',
    "secretKeyRef: {name: db-secret, key: password}",
    "api_key: !vault |",
    "token: ENC[AES256_GCM,data:abc123def456,iv:xyz]",
    "passwordHash: $2b$12$abcdefghijklmnopqrstuv",
    "csrf_token: {{ csrf_token }}",
    "SENTRY_DSN=https://1234567890abcdef1234567890abcdef@o1.ingest.sentry.io/2",
    "integrity sha512-q1w2e3r4==",
    "token_endpoint: https://x/oauth/token",
    '"apiKey": "AIzaSyD-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE1"',
    "GOOGLE_MAPS_KEY_ID=12345",
    "export TOKEN=abc",
    "export SECRET=foobar",
    "MYSQL_PWD=test mysql",
    "redis-cli -a password ping",
    "amqp://guest:guest@localhost:5672/",
    "mongodb://user:pass@localhost",
    "https://username:password@example.com/",
    "mysql://root@localhost/db",
    "ftp://anonymous:anonymous@ftp.example.com",
    "smtp://user:********@smtp.example.com",
)


@pytest.mark.parametrize("line", NOTHING)
def test_lines_that_hold_no_secret(line: str) -> None:
    assert [f for f in read(line) if f.state is not State.PLACEHOLDER and not is_decoy(f.identifier, f.secret)] == []


def test_parts_of_connection_strings_are_named() -> None:
    m = Made(17)
    key, other = m.text(86) + "==", m.text(43) + "="
    text = f"a='DefaultEndpointsProtocol=https;AccountName=acme1;AccountKey={key};X=y'\nb=Endpoint=sb://acme.example.com/;SharedAccessKeyName=R;SharedAccessKey={other}\n"
    assert [(f.kind, f.issuer, f.location.line) for f in read(text)] == [
        ("azure.storage-key", "acme1", 1),
        ("azure.shared-access-key", "acme.example.com", 2),
    ]


def test_metafied_bytes_of_zsh_are_given_back() -> None:
    assert _lines.zsh(b"export T=caf\xc3\x83\x89\n") == "export T=café\n"


@pytest.mark.parametrize(
    ("text_of", "text"),
    [
        (_lines.zsh, "ls\n: 1700000000:0;tool --token {}\n"),
        (_lines.plain, "#1700000000\ntool --token {}\n#1700000009\nls\n"),
        (_lines.fish, "- cmd: tool --token {}\n  when: 1700000000\n- cmd: ls\n  when: 1700000009\n"),
    ],
    ids=["zsh", "bash", "fish"],
)
def test_histories_say_when_a_secret_was_first_seen(text_of, text: str) -> None:
    (finding,) = _free.searched(text_of)(text.format(Made(18).password()).encode(), AT)
    assert finding.attributes["first_seen"] == "2023-11-14T22:13:20Z"


def test_lines_of_one_command_are_counted_where_it_stands() -> None:
    secret = Made(8).crc("ghp_")
    text = _lines.zsh(b": 1700000000:0;for x in a\\\ndo echo\\\ndone\n: 1700000001:0;T=" + secret.encode())
    (finding,) = read(text)
    assert (finding.identifier, finding.location.line) == ("", 4)


def test_one_secret_in_many_lines_is_one_finding_that_says_how_often() -> None:
    secret = Made(9).crc("npm_")
    (finding,) = read(f"a\nT={secret}\nb\nU={secret}\n")
    assert finding.location.line == 2
    assert (finding.attributes["seen"], finding.attributes["last_line"]) == ("2", "4")


def test_a_wrong_checksum_is_a_placeholder_without_a_value() -> None:
    (finding,) = read("T=ghp_" + Made(10).text(36))
    assert (finding.state, finding.secret) == (State.PLACEHOLDER, None)


def test_a_key_id_and_its_secret_join_across_lines_and_not_across_a_page() -> None:
    key, secret = Made(11).aws()
    (near,) = read(f"id {key}\n\n\nsecret {secret}\n")
    assert (near.identifier, near.secret is not None) == (key, True)
    far = read(f"{key}\n" + "\n" * 20 + secret + "\n")
    assert [f.state for f in far] == [State.PUBLIC_ONLY]


def test_a_secret_that_a_piece_cuts_in_two_is_found() -> None:
    secret = Made(12).crc("gho_")
    line = f"export GH_TOKEN={secret}\n"
    for shift in (0, 20, 40):
        text = "x" * (_lines.PIECE - 40 + shift - 8) + "\n" + line + "y\n" * 10
        assert values(text) == [secret]


def test_lines_are_counted_on_through_slices_and_keys_across_them_are_whole() -> None:
    key, secret = Made(16).aws()
    head = "ls -la /srv\n" * (_lines.PIECE // 12 - 1)
    (finding,) = read(f"{head}id {key}\necho\nsecret {secret}\n" + "ls\n" * 1000)
    assert (finding.identifier, finding.secret is not None) == (key, True)
    assert finding.location.line == head.count("\n") + 1
    assert "seen" not in finding.attributes


def test_too_much_is_said_after_what_was_found() -> None:
    m, out = Made(13), []
    with pytest.raises(Unparsable, match="more than 500"):
        for finding in _free.searched(_lines.plain)(("\n".join("T=" + m.crc("ghp_") for _ in range(600))).encode(), AT):
            out.append(finding)
    assert len(out) == 501


@given(st.binary(max_size=600))
def test_any_bytes_are_text(blob: bytes) -> None:
    for text_of in (_lines.plain, _lines.zsh, _lines.fish, _lines.octal, _lines.unescaped, _lines.strings):
        assert isinstance(text_of(blob), str)


def test_a_history_that_is_too_large_is_read_from_both_ends(tmp_path: Path) -> None:
    first, last, middle = (Made(n).crc("ghp_") for n in (21, 22, 23))
    with (tmp_path / ".bash_history").open("wb") as file:
        for place, secret in ((0, first), (50_000, middle), (200_000, last)):
            file.seek(place)
            file.write(f"\nT={secret}\n".encode())
    row = replace(catalogue.stores()["shell-history"], max_bytes=90_000)
    result = scan(tmp_path, clock=SystemClock(), environ={}, stores=[row])
    assert {f.secret.reveal() for _, f in result.findings if f.secret} == {first, last}
    assert [g.reason for g in result.gaps] == ["is larger than 90000 bytes; its middle was not searched"]


def fake_engine(tmp_path: Path, body: str) -> Detector:
    script = tmp_path / "engine.py"
    script.write_text(
        "import sys, json, time\n"
        "def say(v):\n    b = json.dumps(v).encode(); sys.stdout.buffer.write(len(b).to_bytes(4, 'big') + b); sys.stdout.flush()\n"
        "def hear():\n    n = sys.stdin.buffer.read(4)\n    return sys.stdin.buffer.read(int.from_bytes(n, 'big')) if len(n) == 4 else sys.exit()\n"
        + body
    )
    return Detector(command=(sys.executable, "-I", str(script)))


def test_a_hit_that_no_kind_is_known_for_is_a_candidate_with_its_rule(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / ".bash_history").write_text("a\nfoo zz9-plural-z-alpha-1234\nbar\n")
    body = "say('ready')\nwhile hear():\n    say([['acme.odd-key', 'zz9-plural-z-alpha-1234', 2]])\n"
    with fake_engine(tmp_path, body) as engine:
        result = scan(tmp_path / "h", clock=SystemClock(), environ={}, detector=engine)
    ((store, finding),) = result.findings
    assert (store, finding.candidate, finding.location.line) == ("shell-history", True, 2)
    assert finding.attributes["rule"] == "acme.odd-key"


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit()\n",
        "say('ready')\nhear()\nsys.exit()\n",
        "say('ready')\nhear()\nsys.stdout.buffer.write(b'\\xff' * 4)\nsys.stdout.flush()\n",
        "say('ready')\nhear()\nsay({'no': 'hits'})\n",
        "say('ready')\nhear()\ntime.sleep(60)\n",
    ],
    ids=["dies at once", "dies at work", "absurd length", "no hits", "late"],
)
def test_an_engine_that_fails_is_a_gap_and_our_own_formats_stay(
    tmp_path: Path, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.host.detector.TEXT_SECONDS", 0.3)
    secret = Made(14).crc("ghp_")
    write(tmp_path / "h", {".bash_history": f"T={secret}\n".encode()})
    with fake_engine(tmp_path, body) as engine:
        result = scan(tmp_path / "h", clock=SystemClock(), environ={}, detector=engine)
    assert [f.secret.reveal() for _, f in result.findings if f.secret] == [secret]
    ((gap),) = result.gaps
    assert (gap.source, gap.path) == ("shell-history", ".bash_history")
    assert "did not answer" in gap.reason


def test_an_engine_that_is_not_installed_is_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rescind.host.detector.is_installed", lambda: False)
    write(tmp_path, {".bash_history": b"ls\n", ".profile": b"umask 077\n"})
    with Detector() as engine:
        result = scan(tmp_path, clock=SystemClock(), environ={}, detector=engine)
    assert [(g.source, g.reason, g.path) for g in result.gaps] == [("scan", ABSENT, "")]
    with Detector() as engine:
        (tmp_path / ".bash_history").unlink()
        (tmp_path / ".profile").unlink()
        assert scan(tmp_path, clock=SystemClock(), environ={}, detector=engine).gaps == ()


@ENGINE
def test_the_engine_adds_what_our_formats_do_not_know(tmp_path: Path) -> None:
    odd = "pnu_" + Made(15).text(36)
    write(
        tmp_path,
        {".bash_history": f"x\nprefect cloud login -k {odd}\n".encode(), ".profile": f"\n\n# {odd}\n".encode()},
    )
    with Detector() as engine:
        result = scan(tmp_path, clock=SystemClock(), environ={}, detector=engine)
        assert engine.hits("nothing here") == []
    found = [
        (f.location.path, f.location.line, f.candidate)
        for _, f in result.findings
        if f.secret and f.secret.reveal() == odd
    ]
    assert found == [(".bash_history", 2, True), (".profile", 3, True)]


def test_a_file_that_breaks_the_engine_does_not_hide_the_others(tmp_path: Path) -> None:
    body = "say('ready')\nwhile t := hear():\n    sys.exit() if b'poison' in t else say([['acme.key', 'zz9-plural-z-alpha-1234', 1]])\n"
    write(tmp_path / "h", {".bash_history": b"zz9-plural-z-alpha-1234\n", ".profile": b"poison\n"})
    with fake_engine(tmp_path, body) as engine:
        result = scan(tmp_path / "h", clock=SystemClock(), environ={}, detector=engine)
    assert [f.location.path for _, f in result.findings] == [".bash_history"]
    assert [g.path for g in result.gaps] == [".profile"]


@ENGINE
def test_the_engine_says_nothing_of_decoys_and_nothing_twice(tmp_path: Path) -> None:
    files, _ = planted(4)
    with Detector() as engine:
        for home, more in ((files, {}), (decoys(), {})):
            target = write(tmp_path / str(len(home)), {**home, **more})
            plain = scan(target, clock=SystemClock(), environ={})
            both = scan(target, clock=SystemClock(), environ={}, detector=engine)
            assert len(both.findings) == len(plain.findings)


def test_the_engine_refuses_with_a_typed_error(tmp_path: Path) -> None:
    with fake_engine(tmp_path, "sys.exit()\n") as engine, pytest.raises(EvidenceError, match="did not answer"):
        engine.hits("x")
