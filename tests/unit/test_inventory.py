"""Many sightings become one credential each; nothing is dropped; no value gets out."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.errors import EvidenceError
from rescind.models.evidence import Finding, Gap, Location, State
from rescind.pipeline.inventory import build, digest, from_json, provider_of, to_json
from rescind.pipeline.scan import ScanResult
from rescind.secret import Secret

KEY = b"k" * 32
AWS = "aws.access-key"


def seen(kind: str = AWS, path: str = ".a", value: str = "", **fields) -> tuple[str, Finding]:
    at = Location(root="home", path=path, line=fields.pop("line", None), modified=fields.pop("modified", None))
    return fields.pop("store", "demo"), Finding(
        kind=kind, location=at, secret=Secret(value) if value else None, **fields
    )


def inventory(*findings, gaps=(), **extra):
    scan = ScanResult(
        workstation={"hostname": "lost-1"},
        findings=tuple(findings),
        gaps=tuple(gaps),
        scanned_at="2026-01-02T03:04:05Z",
    )
    return build(scan, key=KEY, **extra)


def test_five_places_one_credential() -> None:
    made, secrets = inventory(*(seen(path=f".{n}", identifier="AKIAMADEUP", value="made-up-secret") for n in range(5)))
    (credential,) = made.credentials
    assert [s.location.path for s in credential.findings] == [".0", ".1", ".2", ".3", ".4"]
    assert (credential.provider, credential.fingerprint) == ("aws", Secret("made-up-secret").fingerprint(KEY))
    assert secrets[credential.id].reveal() == "made-up-secret"
    assert "made-up-secret" not in json.dumps(to_json(made)) + repr(made)


def test_without_identifier_the_fingerprint_joins() -> None:
    made, secrets = inventory(
        seen(kind="vault.token", value="one"),
        seen(kind="vault.token", path=".b", value="one"),
        seen(kind="vault.token", value="two"),
    )
    assert [len(c.findings) for c in made.credentials] in ([2, 1], [1, 2])
    assert set(secrets) == {c.id for c in made.credentials}


def test_value_without_identifier_joins_the_identified_one_of_the_same_kind() -> None:
    made, _ = inventory(
        seen(value="one"), seen(path=".b", identifier="AKIAMADEUP", value="one"), seen(kind="other.key", value="one")
    )
    assert sorted((c.kind, c.identifier, len(c.findings)) for c in made.credentials) == [
        (AWS, "AKIAMADEUP", 2),
        ("other.key", "", 1),
    ]


def test_a_value_that_one_place_only_knows_as_secret_gets_the_kind_another_place_knows() -> None:
    token = "made-up-token-of-some-length"
    made, _ = inventory(
        seen(kind="file.secret", path=".env", value=token),
        seen(kind="file.secret", path=".zsh_history", value=token, candidate=True),
        seen(kind="cloudflare.token", path=".bashrc", value=token),
    )
    (credential,) = made.credentials
    assert (credential.kind, len(credential.findings), made.candidates) == ("cloudflare.token", 3, ())


def test_two_passwords_that_are_alike_stay_two() -> None:
    made, _ = inventory(seen(kind="file.secret", value="hunter2"), seen(kind="git.password", value="hunter2"))
    assert len(made.credentials) == 2


def test_one_password_at_two_servers_is_two_credentials() -> None:
    kind = "docker.login"
    made, _ = inventory(
        *(seen(kind=kind, path=f".{n}", value="pw", issuer=i) for n, i in enumerate(["a.example", "b.example", ""]))
    )
    assert sorted((c.issuer, len(c.findings)) for c in made.credentials) == [("a.example", 2), ("b.example", 1)]
    assert len({c.id for c in made.credentials}) == 2


def test_neither_identifier_nor_value_is_still_counted() -> None:
    made, secrets = inventory(*(seen(kind="github.oauth-token", path=p, state=State.LOGGED_OUT) for p in (".a", ".b")))
    assert len({c.id for c in made.credentials}) == 2
    assert {c.state for c in made.credentials} == {State.LOGGED_OUT}
    assert all(c.fingerprint.startswith("place-sha256:") for c in made.credentials)
    assert not secrets


def test_contradictions_are_shown() -> None:
    made, _ = inventory(
        seen(identifier="AKIAMADEUP", issuer="1", subject="ada", value="real", attributes={"profile": "prod"}),
        seen(path=".0", identifier="AKIAMADEUP", issuer="2", subject="eve", attributes={"profile": "default"}),
        seen(path=".z", identifier="AKIAMADEUP", value="planted"),
    )
    (credential,) = made.credentials
    assert (credential.issuer, credential.subject) == ("1", "ada")  # where the value was counts more
    assert credential.attributes["profile"] == "default, prod"
    assert (credential.attributes["also_issuer"], credential.attributes["also_subject"]) == ("2", "eve")
    assert credential.attributes["also_fingerprint"] == Secret("planted").fingerprint(KEY)


def test_candidates_stand_apart() -> None:
    made, _ = inventory(
        seen(kind="unknown.text", value="xy7" * 10, candidate=True), seen(value="real", identifier="AKIAMADEUP")
    )
    assert (len(made.credentials), len(made.candidates)) == (1, 1)


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "whatever-else"),
        ("AKIAI44QH8DHBEXAMPLE", ""),
        ("", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("", "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc"),
        ("", "<your token>"),
        ("", "${TOKEN}"),
        ("", "{{ secrets.TOKEN }}"),
        ("", "changeme"),
        ("", "xxxxxxxx"),
        ("", "****"),
        ("", "your-api-key-here"),
    ],
)
def test_documented_examples_are_placeholders(identifier: str, value: str) -> None:
    for candidate in (False, True):
        made, secrets = inventory(seen(identifier=identifier, value=value, candidate=candidate))
        assert made.credentials == made.candidates == ()
        assert not secrets
        (decoy,) = made.decoys
        assert decoy.state is State.PLACEHOLDER


@pytest.mark.parametrize("value", ["EXAMPLE", "hunter2", "1111", "yours", "x", "AKIAMADEUP", "replacement-part-12"])
def test_weak_values_are_still_values(value: str) -> None:
    assert inventory(seen(value=value))[0].credentials[0].state is State.LIVE_UNVERIFIED


def test_expiry_is_judged_at_the_scan_or_as_of() -> None:
    def state(expires_at, **extra):
        return inventory(seen(identifier="ASIAMADEUP", expires_at=expires_at), **extra)[0].credentials[0].state

    assert state("2026-01-02T03:04:04Z") is State.EXPIRED
    assert state("2026-01-02T03:04:05Z") is State.LIVE_UNVERIFIED
    assert state("2026-01-02T05:04:04+02:00") is State.EXPIRED
    assert state("2026-01-02T03:04:04Z", as_of=datetime(2026, 1, 1, tzinfo=UTC)) is State.LIVE_UNVERIFIED
    assert state("not a time") is State.LIVE_UNVERIFIED
    assert state(None) is State.LIVE_UNVERIFIED


def test_a_live_sighting_wins_and_the_latest_expiry_counts() -> None:
    made, _ = inventory(
        seen(identifier="ASIAMADEUP", expires_at="2025-01-01T00:00:00Z"),
        seen(path=".b", identifier="ASIAMADEUP", expires_at="2027-01-01T00:00:00Z"),
        seen(path=".c", identifier="ASIAMADEUP", state=State.LOGGED_OUT),
    )
    assert (made.credentials[0].state, made.credentials[0].expires_at) == (
        State.LIVE_UNVERIFIED,
        "2027-01-01T00:00:00Z",
    )
    (out,) = inventory(seen(identifier="x", state=State.LOGGED_OUT, expires_at="2020-01-01T00:00:00Z"))[0].credentials
    assert out.state is State.LOGGED_OUT


def test_providers() -> None:
    assert [provider_of(k) for k in ("aws.access-key", "keychain.item", "file.secret", "x509.client-cert")] == [
        "aws",
        "local",
        "local",
        "x509",
    ]


def test_hostile_text_can_neither_break_json_nor_pose_as_a_fingerprint() -> None:
    real, _ = inventory(seen(kind="vault.token", value="one"))
    planted = seen(kind="vault.token", path=".p", identifier=real.credentials[0].fingerprint)
    made, _ = inventory(
        seen(kind="vault.token", value="one"),
        planted,
        seen(identifier="a\udcff\x1b[2J", attributes={"n\n": "\u202e"}),
        gaps=[Gap(source="s", reason="r")],
    )
    assert len({c.id for c in made.credentials}) == 3
    text = json.dumps(to_json(made), ensure_ascii=False)
    text.encode()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert digest(made).startswith("sha256:")


def test_digest_depends_on_identity_only() -> None:
    def made(
        *,
        path=".a",
        line=1,
        modified="2025-01-01T00:00:00Z",
        state=State.LIVE_UNVERIFIED,
        identifier="AKIAMADEUP",
        gaps=(),
        more=(),
    ):
        return digest(
            inventory(
                seen(identifier=identifier, path=path, line=line, modified=modified, state=state), *more, gaps=gaps
            )[0]
        )

    base = made()
    assert base == made(path=".b", line=9, modified="2026-01-01T00:00:00Z") == made(state=State.EXPIRED)
    different = {
        made(identifier="AKIAOTHER"),
        made(state=State.PLACEHOLDER),
        made(gaps=[Gap(source="s", reason="r", path="p")]),
        made(gaps=[Gap(source="s", reason="r", path="q")]),
        made(more=[seen(kind="u.x", value="x", candidate=True)]),
    }
    assert len(different | {base}) == 6
    assert made(gaps=[Gap(source="s", reason="one", path="p")]) == made(gaps=[Gap(source="s", reason="two", path="p")])


def full():
    return inventory(
        seen(
            identifier="AKIAMADEUP",
            issuer="123456789012",
            subject="ada",
            value="v",
            line=3,
            modified="2025-01-01T00:00:00Z",
            expires_at="2027-01-01T00:00:00Z",
            attributes={"profile": "p"},
        ),
        seen(kind="u.x", value="x", candidate=True),
        gaps=[Gap(source="s", reason="r", path="p", root="home")],
    )[0]


def test_json_has_the_documented_shape() -> None:
    value = to_json(full())
    assert list(value) == ["schema", "workstation", "credentials", "candidates", "decoys", "gaps"]
    assert value["schema"] == "rescind.inventory/1"
    (row,) = value["credentials"]
    assert set(row) == {
        "id",
        "kind",
        "provider",
        "issuer",
        "subject",
        "identifier",
        "fingerprint",
        "attributes",
        "expires_at",
        "state",
        "findings",
    }
    assert row["findings"] == [
        {"store": "demo", "root": "home", "path": ".a", "line": 3, "pointer": None, "modified": "2025-01-01T00:00:00Z"}
    ]


def test_json_round_trip() -> None:
    made = full()
    again = from_json(json.loads(json.dumps(to_json(made))))
    assert again == made
    assert digest(again) == digest(made)


def paths(value, at=()):
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


@pytest.mark.parametrize("bad", [7, [7], {"a": 7}, "\0nonsense", True])
def test_broken_json_is_an_evidence_error_or_the_same_meaning(bad: object) -> None:
    whole = json.loads(json.dumps(to_json(full())))
    refused = 0
    for at in paths(whole):
        broken = copy.deepcopy(whole)
        if not at:
            broken = bad
        else:
            inner = broken
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = bad
        try:
            from_json(broken)
        except EvidenceError as exc:
            refused += 1
            assert exc.hint
    assert refused > 20


def test_forged_id_is_refused() -> None:
    whole = to_json(full())
    whole["credentials"][0]["identifier"] = "AKIASOMEBODYELSES"
    with pytest.raises(EvidenceError, match="credentials/0/id"):
        from_json(whole)


TEXT = st.sampled_from(["", "a", "b"])
FINDING = st.builds(
    lambda kind, path, value, identifier, issuer, subject, state, candidate: seen(
        kind=kind,
        path=path,
        value=value,
        identifier=identifier,
        issuer=issuer,
        subject=subject,
        state=state,
        candidate=candidate,
    ),
    *(
        st.sampled_from(["k.a", "k.b"]),
        st.sampled_from([".1", ".2", ".3"]),
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        st.sampled_from(list(State)),
        st.booleans(),
    ),
)


@given(st.lists(FINDING, max_size=12), st.randoms(use_true_random=False))
def test_nothing_is_dropped_ids_are_unique_and_order_does_not_matter(findings, rng: random.Random) -> None:
    made, secrets = inventory(*findings)
    for group in (made.credentials, made.candidates):
        assert len({c.id for c in group}) == len(group)
        assert all(c.state is not State.PLACEHOLDER for c in group)
    everything = (*made.credentials, *made.candidates, *made.decoys)
    sighted = {(c.kind, s.store, s.location) for c in everything for s in c.findings}
    assert sighted == {(f.kind, s, f.location) for s, f in findings}
    for c in made.candidates:
        assert any(f.candidate and f.location == s.location for s in c.findings for _, f in findings)
    assert set(secrets) <= {c.id for c in (*made.credentials, *made.candidates)}
    assert from_json(json.loads(json.dumps(to_json(made)))) == made
    shuffled = [replace_location(f) for f in findings]
    rng.shuffle(shuffled)
    assert digest(inventory(*shuffled)[0]) == digest(inventory(*(replace_location(f) for f in findings))[0])


def replace_location(pair: tuple[str, Finding]) -> tuple[str, Finding]:
    """Moved and touched: the digest may not see it."""
    store, finding = pair
    return store, replace(finding, location=replace(finding.location, modified="2024-01-01T00:00:00Z"))
