"""Playbooks: what is wrong is said with file, line, column, what was found, what is allowed, and the nearest word."""

import json
import os
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.dev import schemas
from rescind.errors import PlaybookError
from rescind.models.credential import Credential, Ownership
from rescind.models.kind import Verb
from rescind.models.playbook import Playbook
from rescind.schema import yaml_marks
from rescind.schema.playbook import load_playbook, parse_playbook, shipped
from rescind.schema.selector import VARIABLES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = """\
name: mine
version: 1
title: Mine
phases:
  - name: cut
    steps:
      - select: credential.kind == "aws.access-key"
        verbs: [deactivate, delete]
"""
CASE = """\
name: mine
version: 1
title: Mine
phases:
  - name: first
    case:
      - verb: isolate
        task: now
        done_when: shown
  - name: cut
    gate: isolate
    steps:
      - select: credential.kind == "aws.access-key"
        verbs: [deactivate]
"""
CASE_VERBS = "preserve, isolate, lock, retire, wipe, hold, transfer, notify"
NAMES = ", ".join(VARIABLES)
VERBS = "revoke, deactivate, delete, invalidate, rotate, deny, erase-local"


def refusal(text):
    with pytest.raises(PlaybookError) as caught:
        parse_playbook(text, "p.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


GOLDEN = {
    "malformed": ("name: [a, b", "p.yaml:1:12: this is not YAML: expected ',' or ']', but got '<stream end>'"),
    "tab": ("a:\n\tb: 1", "p.yaml:2:1: this is not YAML: found character '\\t' that cannot start any token"),
    "unknown verb": (
        GOOD.replace("deactivate, delete", "revok"),
        f"p.yaml:8:17: at phases[0].steps[0].verbs[0]: found 'revok'; allowed: {VERBS}; did you mean 'revoke'?",
    ),
    "case verb": (
        GOOD.replace("deactivate, delete", "delete, isolate"),
        f"p.yaml:8:25: at phases[0].steps[0].verbs[1]: found 'isolate'; allowed: {VERBS}; 'isolate' is a verb for the case as a whole",
    ),
    "verb for the case that is none": (
        CASE.replace("verb: isolate", "verb: isolat"),
        f"p.yaml:7:15: at phases[0].case[0].verb: found 'isolat'; allowed: {CASE_VERBS}; did you mean 'isolate'?",
    ),
    "credential verb for the case": (
        CASE.replace("verb: isolate", "verb: revoke"),
        f"p.yaml:7:15: at phases[0].case[0].verb: found 'revoke'; allowed: {CASE_VERBS}; 'revoke' is a verb for credentials",
    ),
    "task that nobody can tell to be done": (
        CASE.replace("        done_when: shown\n", ""),
        "p.yaml:7:9: at phases[0].case[0]: found a mapping; allowed: a `task`, and in `done_when` what shows that it is done",
    ),
    "unknown key for the case": (
        CASE.replace("done_when:", "done_wen:"),
        "p.yaml:9:9: at phases[0].case[0].done_wen: found the unknown key 'done_wen'; allowed: verb, task, owner, done_when, activity, offered, approval; did you mean 'done_when'?",
    ),
    "unknown gate": (
        CASE.replace("gate: isolate", "gate: isolated"),
        "p.yaml:11:11: at phases[1].gate: found 'isolated'; allowed: none, isolate; did you mean 'isolate'?",
    ),
    "gate that nothing opens": (
        CASE.replace("verb: isolate", "verb: preserve"),
        "p.yaml:11:11: found a gate that nothing opens; allowed: isolate, after a phase with the case verb isolate",
    ),
    "phase of nothing": (
        GOOD + "  - name: idle\n    after: 1h\n",
        "p.yaml:9:5: at phases[1]: found a mapping; allowed: at least one entry in `steps` or in `case`",
    ),
    "the same task twice": (
        CASE.replace("  - name: cut\n", "      - {verb: isolate, task: now, done_when: shown}\n  - name: cut\n"),
        "p.yaml:10:9: found the same task a second time; allowed: each verb and task once in a phase",
    ),
    "unknown key": (
        GOOD.replace("select:", "selct:"),
        "p.yaml:7:9: at phases[0].steps[0].selct: found the unknown key 'selct'; allowed: select, verbs, prefer, wait, approval; did you mean 'select'?",
    ),
    "wrong type": (
        GOOD.replace("version: 1", "version: one"),
        "p.yaml:2:10: at version: found 'one'; allowed: a whole number",
    ),
    "not a list": (
        GOOD.replace("[deactivate, delete]", "revoke"),
        "p.yaml:8:16: at phases[0].steps[0].verbs: found 'revoke'; allowed: a list",
    ),
    "missing": (
        "name: mine\nversion: 1\ntitle: t\n",
        "p.yaml:1:1: at the top level: found no `phases`; allowed: `phases` is required",
    ),
    "neither verbs nor prefer": (
        GOOD.replace("        verbs: [deactivate, delete]\n", "        wait: 5m\n"),
        "p.yaml:7:9: at phases[0].steps[0]: found a mapping; allowed: exactly one of `verbs` (each in order) and `prefer` (the first that the kind offers)",
    ),
    "duration": (
        GOOD + "        wait: 3 days\n",
        "p.yaml:9:15: at phases[0].steps[0].wait: found '3 days'; allowed: a duration like 60s, 5m or 1h, at most 24h",
    ),
    "grace": (
        GOOD + "    after: two days\n",
        "p.yaml:9:12: at phases[0].after: found 'two days'; allowed: a duration like 30m, 24h or 7d, at most 90d",
    ),
    "too long a grace": (
        GOOD + "    after: 91d\n",
        "p.yaml:9:12: at phases[0].after: found '91d'; allowed: a duration like 30m, 24h or 7d, at most 90d",
    ),
    "misspelt variable": (
        GOOD.replace("credential.kind", "credential.knd"),
        f"p.yaml:7:27: found the unknown name 'credential.knd'; allowed: {NAMES}; did you mean 'credential.kind'?",
    ),
    "not true or false": (
        GOOD.replace(' == "aws.access-key"', ""),
        "p.yaml:7:17: found a selection that gives STRING; allowed: one that is true or false (BOOL)",
    ),
    "alias": ("a: *x", "p.yaml:1:4: found the alias *x; allowed: the value itself, written out"),
    "anchor": ("a: &x [1]", "p.yaml:1:4: found the anchor &x; allowed: values without anchors"),
    "tag": (
        "a: !!python/object/apply:os.system [id]",
        "p.yaml:1:4: found the tag tag:yaml.org,2002:python/object/apply:os.system; allowed: plain words, numbers, lists and mappings",
    ),
    "duplicate key": (
        "name: a\nname: b",
        "p.yaml:2:1: found the key 'name' a second time in the top level; allowed: each key once",
    ),
    "second document": ("a: 1\n---\nb: 2", "p.yaml:2:1: found a second document; allowed: one document per file"),
    "nothing": ("# only a comment", "p.yaml:1:1: found nothing; allowed: a mapping"),
    "list": ("- a", "p.yaml:1:1: found a list; allowed: a mapping with name, version, title and phases"),
    "unprintable": ('title: "\\e[2J"', "p.yaml:1:8: found the character U+001B; allowed: printable text"),
    "no is a word": (
        GOOD + "inputs: {person: no}\n",
        "p.yaml:9:18: at inputs.person: found 'no'; allowed: required, optional",
    ),
    "doubt as intended": (
        GOOD + "accept:\n  - {select: 'true', state: unknown}\n",
        "p.yaml:10:29: at accept[0].state: found 'unknown'; allowed: acknowledged, residual, contained, irrevocable, skipped",
    ),
    "phase twice": (
        GOOD + "  - name: cut\n    steps: [{select: 'true', verbs: [deny]}]\n",
        "p.yaml:9:11: found the phase 'cut' a second time; allowed: each name once",
    ),
    "verb twice": (
        GOOD.replace("deactivate,", "delete,"),
        "p.yaml:8:25: found 'delete' a second time; allowed: each verb once in a step",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_messages(case):
    text, message = GOLDEN[case]
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("style", "place"),
    [
        ('credential.kind == "a" && credential.knd == "b"', "7:53"),
        ("'credential.kind == ''a'' && credential.knd == \"b\"'", "7:56"),
        ('"credential.kind == \\"a\\" && credential.knd == true"', "7:56"),
        ('|\n          credential.kind == "a"\n            && credential.knd == "b"', "9:26"),
        ('>-\n          credential.kind == "a"\n          && credential.knd == "b"', "9:24"),
        ('credential.kind == "a"\n          && credential.knd == "b"', "8:24"),
    ],
)
def test_places_in_a_selection_are_places_in_the_file_whatever_the_style(style, place):
    assert refusal(GOOD.replace('credential.kind == "aws.access-key"', style)).startswith(
        f"p.yaml:{place}: found the unknown name 'credential.knd'"
    )


def test_an_alias_bomb_is_refused_before_it_grows():
    bomb = 'a: &a ["lol","lol"]\n' + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)},*{chr(97 + i)}]\n" for i in range(20)
    )
    assert "anchor" in refusal(bomb)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 60_000, "- " * 50_000, "a: " + "x" * 300_000])
def test_depth_and_size_are_bounded(text):
    assert "levels" in (said := refusal(text)) or "KiB" in said or "YAML" in said


def test_a_good_playbook_is_frozen():
    p = parse_playbook(
        GOOD + "        wait: 5m\n        approval: true\nlimits: {max_credentials: 9}\nsweep: {rounds: 0}\n", "p.yaml"
    )
    (step,) = p.phases[0].steps
    assert (step.verbs, step.prefer, step.wait_seconds, step.approval) == (
        (Verb.DEACTIVATE, Verb.DELETE),
        False,
        300.0,
        True,
    )
    assert (p.max_credentials, p.sweep_rounds, p.on_failure) == (9, 0, "continue")
    assert step.select.matches(Credential(kind="aws.access-key", provider="aws", identifier="x"), NOW)
    with pytest.raises(AttributeError):
        p.name = "other"


def test_the_normalised_content_reads_back_to_itself_and_carries_every_default():
    p = load_playbook("lost-laptop")
    again = parse_playbook(json.dumps(p.source), "copy")
    assert again.source == p.source
    assert again == p
    short = parse_playbook(GOOD, "p.yaml").source
    assert short["limits"] == {"max_credentials": 500}
    assert short == parse_playbook(GOOD + "limits: {max_credentials: 500} # the default\n", "other.yaml").source


def test_characters_beyond_the_basic_plane_survive_json():
    p = parse_playbook(GOOD.replace("title: Mine", "title: Gone 🚨"), "p.yaml")
    assert parse_playbook(json.dumps(p.source), "copy").title == "Gone 🚨"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_playbook_or_a_playbook_error(text):
    try:
        assert isinstance(parse_playbook(text, "fuzz"), Playbook)
    except PlaybookError as error:
        assert str(error).startswith("fuzz:")


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 12),
    st.text(alphabet="[]{}:,&*!|>'\"#%@-?\n\t ab1é\u2028\x85\ud800\U0001f600", max_size=6),
)
def test_any_small_damage_is_a_playbook_or_a_playbook_error(start, length, patch):
    try:
        assert isinstance(parse_playbook(GOOD[:start] + patch + GOOD[start + length :], "fuzz"), Playbook)
    except PlaybookError as error:
        assert str(error).startswith("fuzz:")


_JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda c: (
        st.lists(c, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "steps", "select", "verbs", "case", "after", "gate", "verb", "task", "done_when", "x"]
            ),
            c,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(
        [
            "name",
            "version",
            "title",
            "phases",
            "inputs",
            "scope",
            "limits",
            "sweep",
            "manual",
            "skip",
            "accept",
            "on_failure",
        ]
    ),
    _JSONISH,
)
def test_any_value_in_any_place_is_a_playbook_or_a_playbook_error(key, value):
    data = parse_playbook(GOOD, "p").source | {key: value}
    try:
        assert isinstance(parse_playbook(json.dumps(data), "fuzz"), Playbook)
    except PlaybookError as error:
        assert str(error).startswith("fuzz:")


def test_a_bare_name_is_a_shipped_playbook_even_where_a_file_of_that_name_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lost-laptop").write_text(GOOD)
    assert load_playbook("lost-laptop").name == "lost-laptop"
    Path("p.yaml").write_text(GOOD)
    assert load_playbook("p.yaml").name == "mine"
    assert load_playbook(tmp_path / "p.yaml").name == "mine"


def test_an_unknown_name_says_which_are_known():
    with pytest.raises(PlaybookError, match="did you mean 'lost-laptop'"):
        load_playbook("lost-labtop")


def test_what_is_not_a_readable_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff")
    (tmp_path / "big.yaml").write_bytes(b"# \xff" + b"x" * yaml_marks.MAX_BYTES)
    (tmp_path / "cut.yaml").write_bytes(b"#" * (yaml_marks.MAX_BYTES - 1) + "é".encode())
    for name, why in {
        "pipe.yaml": "not a file",
        "bytes.yaml": "UTF-8",
        "big.yaml": "KiB",
        "cut.yaml": "KiB",
        "none.yaml": "No such file",
        "a\x00.yaml": "file name",
    }.items():
        with pytest.raises(PlaybookError, match=why):
            load_playbook(tmp_path / name)


def published():
    return json.loads((schemas.FOLDER / "playbook.schema.json").read_text())


def test_every_shipped_playbook_loads_under_its_own_name_and_fits_the_published_schema():
    assert "lost-laptop" in shipped()
    jsonschema.Draft202012Validator.check_schema(published())
    for name, path in shipped().items():
        assert load_playbook(name).name == name
        jsonschema.validate(yaml_marks.read(path.read_text(), name).data, published())
        first = path.read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=../docs/reference/playbook.schema.json"


@pytest.mark.parametrize(
    "case",
    [
        "unknown verb",
        "case verb",
        "unknown key",
        "wrong type",
        "not a list",
        "missing",
        "neither verbs nor prefer",
        "duration",
        "doubt as intended",
        "no is a word",
    ],
)
def test_an_editor_with_the_published_schema_sees_what_the_loader_refuses(case):
    data = yaml_marks.read(GOLDEN[case][0], "p").data
    assert list(jsonschema.Draft202012Validator(published()).iter_errors(data))


def test_the_published_schemas_are_up_to_date():
    assert schemas.stale() == []


def test_the_generator_says_how_to_mend(tmp_path, capsys, monkeypatch):
    schemas.write(tmp_path)
    assert schemas.stale(tmp_path) == []
    (tmp_path / "run.schema.json").write_text("{}")
    assert schemas.stale(tmp_path) == ["run.schema.json"]
    monkeypatch.setattr(schemas, "stale", lambda: ["run.schema.json"])
    assert schemas.main(["check"]) == 1
    assert "python -m rescind.dev.schemas write" in capsys.readouterr().err
    assert schemas.main([]) == 2


@pytest.mark.parametrize(
    ("kind", "verbs"),
    [
        ("aws.access-key", [("stop-sessions", ("deny",)), ("revoke", ("deactivate", "delete"))]),
        ("vault.token", [("revoke", ("revoke",))]),
        ("x509.client-cert", [("revoke", ("revoke",))]),
        ("keychain.item", [("local-copies", ("erase-local",))]),
        ("file.secret", [("local-copies", ("erase-local",))]),
        ("ssh.user-key", [("revoke", ("revoke", "deny"))]),
        ("oauth.refresh-token", [("revoke", ("revoke",))]),
        ("aws.role-session", [("stop-sessions", ("revoke",))]),
        ("aws.login-session", [("stop-sessions", ("deny",))]),
        ("aws.login-profile", [("stop-sessions", ("deny",)), ("revoke", ("revoke",))]),
        ("aws.mfa-device", [("second-factors", ("deactivate",))]),
        ("aws.sso-client", []),
    ],
)
def test_lost_laptop_does_to_each_kind_what_it_says(kind, verbs):
    p = load_playbook("lost-laptop")
    c = Credential(kind=kind, provider="any", identifier="x")
    assert [(f.name, s.verbs) for f in p.phases for s in f.steps if s.select.matches(c, NOW)] == verbs
    tasks = [r.task for r in p.manual if r.select.matches(c, NOW)]
    assert bool(tasks) is (kind in {"keychain.item", "file.secret", "aws.sso-client"})
    assert not any(r.select.matches(c, NOW) for r in (*p.accept, *p.skip))


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
    | st.from_regex(r"[0-9]{1,7}[smhdw]?", fullmatch=True)
)
def test_a_grace_is_understood_or_refused_at_its_place(text):
    try:
        (phase,) = parse_playbook(GOOD + f"    after: {json.dumps(text)}\n", "p.yaml").phases
    except PlaybookError as error:
        assert str(error).startswith("p.yaml:9:12: ")
        assert "a duration like 30m, 24h or 7d, at most 90d" in str(error)
    else:
        assert 0 <= phase.after_seconds <= 90 * 86_400
        assert phase.after_seconds == int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[text[-1]]


@pytest.mark.parametrize(
    ("kind", "compromised", "leaver"),
    [
        ("aws.user", ["identities"], ["identities"]),
        ("vault.entity", ["identities"], ["identities"]),
        ("aws.access-key", ["sessions", "keys"], ["sessions", "keys"]),
        ("aws.role-session", ["sessions"], ["sessions"]),
        ("oauth.refresh-token", ["sessions"], ["sessions"]),
        ("vault.token", ["keys"], ["keys"]),
        ("x509.client-cert", ["keys"], ["keys"]),
        ("github.token", ["keys"], ["keys"]),
        ("ssh.user-key", ["keys"], ["keys"]),
        ("file.secret", [], ["local-copies"]),
        ("keychain.item", [], ["local-copies"]),
    ],
)
def test_identities_come_before_sessions_and_sessions_before_keys(kind, compromised, leaver):
    c = Credential(kind=kind, provider=kind.partition(".")[0], identifier="x", ownership=Ownership.CASE)
    if kind in {"file.secret", "keychain.item"}:
        c = replace(c, provider="local")
    for name, phases in (("compromised-workstation", compromised), ("offboard-employee", leaver)):
        p = load_playbook(name)
        assert [f.name for f in p.phases for s in f.steps if s.select.matches(c, NOW)] == phases


def test_a_compromised_workstation_is_isolated_first_and_keeps_its_copies():
    p = load_playbook("compromised-workstation")
    names = [f.name for f in p.phases]
    gated = next(f for f in p.phases if f.gate)
    assert names.index(gated.name) == min(names.index(f.name) for f in p.phases if f.steps)
    assert p.inputs == {"workstation": "required", "person": "optional"}
    assert not any(Verb.ERASE_LOCAL in s.verbs for f in p.phases for s in f.steps)
    others = Credential(kind="aws.access-key", provider="aws", identifier="x", ownership=Ownership.OTHER)
    chosen = [(f.name, s.approval) for f in p.phases for s in f.steps if s.select.matches(others, NOW)]
    assert chosen == [("shared", True)]


def test_a_crlf_file_has_the_same_places():
    text = textwrap.dedent(GOOD).replace("credential.kind", "credential.knd").replace("\n", "\r\n")
    assert refusal(text).startswith("p.yaml:7:27: ")
