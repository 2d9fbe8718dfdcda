"""The HTML report: hostile text stays text, the policy fits the page, nothing is loaded, and every number adds up."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.models.clock import rfc3339
from rescind.models.credential import WORST_FIRST, EndState, Relation, Sighted
from rescind.models.evidence import Gap, Location
from rescind.models.plan import Decision
from rescind.pipeline import markup
from rescind.pipeline.html import html
from rescind.pipeline.report import line_one
from tests.unit.test_report import NOW, add_up, credential, plan, receipt, step

VOID = {"meta", "br"}
LOADS = {
    "src",
    "srcset",
    "poster",
    "data",
    "action",
    "formaction",
    "background",
    "ping",
    "xlink:href",
    "cite",
    "style",
    "srcdoc",
}
HOSTILE = (
    "\x1b[2Jevil\u202etxt\u2066\u200b\x00\udcff<script>document.title='owned'</script>"
    "\"'><img src=http://203.0.113.1/x onerror=alert(1)></bdi></td></style></title>--><!--<svg/onload=alert(2)>&lt;"
)
DECIDED = (EndState.HELD, EndState.MANUAL, EndState.SKIPPED)


class Page(HTMLParser):
    """Every element with its attributes, the text of the whole, and whether each element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.texts: dict[str, str] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        # A browser ends an SVG at the first HTML element inside it, and a title holds text only.
        assert "title" not in self.open
        assert "svg" not in self.open or tag in {"svg", "rect", "line", "text", "title"}, tag
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag] = self.texts.get(tag, "") + data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def handle_comment(self, data):
        raise AssertionError("a comment that nobody wrote")

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def everything(n: int = 40):
    """A run in which every state occurs, over several providers."""
    cs, steps, receipts, decisions = [], [], [], []
    for i in range(n):
        state = WORST_FIRST[i % len(WORST_FIRST)]
        c = credential(i, provider=("aws", "vault", "x509")[i % 3], relation=list(Relation)[i % 3])
        cs.append(c)
        if state in DECIDED:
            decisions.append(
                Decision(
                    credential=c.id,
                    end_state=state,
                    reason="because",
                    task=f"task {i}",
                    owner=f"owner-{i}",
                    decide_by="2026-11-24T12:00:00Z",
                    would_break=f"break {i}",
                )
            )
            continue
        s = step(c)
        steps.append(s)
        residual = (
            {"residual_until": rfc3339(NOW + timedelta(hours=i)), "residual_what": "roles"}
            if state is EndState.RESIDUAL
            else {}
        )
        cut = {} if state in {EndState.FAILED, EndState.UNKNOWN} else {"cut_at": rfc3339(NOW + timedelta(seconds=i))}
        receipts.append(receipt(s, state, evidence=f"evidence <{i}>", request_id=f"req-{i}", **residual, **cut))
    p = plan(
        cs,
        steps,
        decisions,
        gaps=[Gap(source="tenant:okta", reason="denied", path="somewhere")],
        tenants={"prod": "123456789012"},
        principals={"prod": "responder"},
    )
    return add_up(p, receipts), p


def page(result, p, now=NOW) -> str:
    return html(result, plans=[p], now=now)


def hostile():
    c = credential(
        1,
        identifier=HOSTILE,
        owner=HOSTILE,
        tenant=HOSTILE,
        provider=HOSTILE,
        kind=HOSTILE,
        findings=(Sighted(store="s", location=Location(root="home", path=HOSTILE)),),
    )
    other = credential(2, identifier=HOSTILE + "2", provider=HOSTILE)
    s = step(other)
    told = Decision(
        credential=c.id,
        end_state=EndState.HELD,
        reason=HOSTILE,
        task=HOSTILE,
        would_break=HOSTILE,
        owner=HOSTILE,
        decide_by=HOSTILE,
    )
    manual = replace(told, credential=other.id, end_state=EndState.MANUAL)
    p = plan(
        [c, other],
        [s],
        [told, manual],
        gaps=[Gap(source=HOSTILE, reason=HOSTILE, path=HOSTILE)],
        tenants={HOSTILE: HOSTILE},
        principals={HOSTILE: HOSTILE},
        tool_version=HOSTILE,
    )
    p = replace(
        p, case=replace(p.case, person=HOSTILE, workstation=HOSTILE), playbook={"name": HOSTILE}, digest=HOSTILE
    )
    r = receipt(
        s,
        EndState.RESIDUAL,
        evidence=HOSTILE,
        request_id=HOSTILE,
        call_status=HOSTILE,
        verify_method=HOSTILE,
        provider_time=HOSTILE,
        residual_until="2026-11-24T12:00:00Z",
        residual_what=HOSTILE,
        cut_at="2026-11-23T12:00:00Z",
        notes={HOSTILE: HOSTILE},
    )
    return add_up(p, [r]), p


def test_hostile_text_is_shown_and_does_nothing():
    result, p = hostile()
    raw = page(result, p)
    seen = Page(raw)
    raw.encode()
    assert not [c for c in raw if not c.isprintable() and c != "\n"]
    assert (
        len(seen.all("script"))
        == len(seen.all("style"))
        == len(seen.all("title")) - len([r for c in result.credentials for r in c.steps])
        == 1
    )
    assert not seen.all("img")
    assert not [n for _, attributes in seen.elements for n in attributes if n.startswith("on")]
    assert "evil\\u202etxt\\u2066\\u200b\\x00\\udcff<script>document.title='owned'</script>" in seen.texts["main"]


@given(st.text(st.characters(), max_size=60))
def test_any_text_comes_back_as_itself_or_as_a_visible_escape(value):
    seen = Page(str(markup.el("p", value, title=value)))
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    assert seen.texts.get("p", "") == shown
    assert seen.all("p")[0].get("title", "") == shown


def test_the_policy_allows_this_style_and_this_script_and_nothing_else():
    raw = page(*everything())
    seen = Page(raw)
    (policy,) = [m["content"] for m in seen.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(rules) == {"default-src", "base-uri", "form-action", "style-src", "script-src"}
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", raw, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert raw.index("Content-Security-Policy") < raw.index("<style>"), "a policy holds only for what follows it"


@pytest.mark.parametrize("made", [everything, hostile])
def test_nothing_is_loaded(made):
    raw = page(*made())
    seen = Page(raw)
    for tag, attributes in seen.elements:
        assert tag not in {
            "link",
            "iframe",
            "object",
            "embed",
            "img",
            "image",
            "use",
            "base",
            "audio",
            "video",
            "form",
            "source",
        }
        assert not LOADS & set(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    style = seen.texts["style"]
    assert "url(" not in style
    assert "@import" not in style
    assert "fetch" not in seen.texts["script"]


def test_every_link_inside_the_page_has_its_target_and_ids_are_unique():
    seen = Page(page(*everything()))
    ids = [a["id"] for _, a in seen.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in seen.all("a")} <= set(ids)
    assert {a["aria-labelledby"] for a in seen.all("section")} <= set(ids)


def test_every_state_is_counted_and_every_credential_is_there():
    result, p = everything()
    seen = Page(page(result, p))
    rows = {row[0]: row[1:] for row in seen.rows if row}
    for state in EndState:
        label = "held (needs approval)" if state is EndState.HELD else str(state)
        assert rows[label] == [str(sum(c.end_state is state for c in result.credentials))]
    assert [r for r in seen.rows if r[:2] == ["All", "40"]]
    totals = next(r for r in seen.rows if len(r) == 6 and r[0] == "All")
    parts = [r for r in seen.rows if len(r) == 6 and r[0] in {"aws", "vault", "x509"}]
    assert [str(sum(int(r[i]) for r in parts)) for i in range(1, 6)] == totals[1:]
    found, ended, _, open_ = (int(n) for n in totals[1:5])
    assert found == ended + open_ == len(result.credentials)
    ids = {a.get("id") for a in seen.all("tr")}
    assert {c.id for c in result.credentials} <= ids
    for i, c in enumerate(p.credentials):
        assert c.identifier in seen.texts["table"]
        assert (f"evidence <{i}>" in seen.texts["table"]) == any(s.credential == c.id for s in p.steps)


def test_line_one_five_lines_gaps_and_tasks_come_in_this_order():
    result, p = everything()
    seen = Page(page(result, p))
    assert seen.texts["h1"] == line_one(result)
    (five,) = re.findall(r'<ol class="happened".*?</ol>', page(result, p), re.DOTALL)
    assert five.count("<li>") == 5
    main = seen.texts["main"]
    places = [
        main.index(t)
        for t in (
            "denied",
            "You must decide",
            "To do by hand",
            "Cut, but",
            "Timeline of every cut",
            "By provider",
            "Every credential",
            "Merkle root",
        )
    ]
    assert places == sorted(places)
    decide = main[main.index("You must decide") : main.index("To do by hand")]
    assert decide.index("held (needs approval)") < decide.index("failed")
    for i in range(40):
        if WORST_FIRST[i % 10] in {EndState.HELD, EndState.MANUAL}:
            assert {f"owner-{i}", f"break {i}"} <= {cell for row in seen.rows for cell in row}


def test_residual_clocks_are_absolute_and_count_from_now():
    result, p = everything()
    soon = Page(page(result, p, now=NOW))
    left = {a["data-until"] for a in soon.all("span") if a.get("data-until")}
    assert left == {c.residual_until for c in result.credentials if c.residual_until}
    assert "5 h 0 min" in soon.texts["span"]
    assert "time is up" in Page(page(result, p, now=NOW + timedelta(days=3))).texts["span"]
    assert [markup.left(s) for s in (0, 59, 3600, 90_000)] == ["time is up", "0 min 59 s", "1 h 0 min", "1 d 1 h"]


def test_a_cut_that_was_not_made_has_no_time():
    result, p = everything()
    for row in Page(page(result, p)).rows:
        if len(row) == 6 and row[1] == "revoke":
            assert (row[0] == "no cut") == (row[3] in {"failed", "unknown"})


def test_tables_have_headers():
    raw = page(*everything())
    seen = Page(raw)
    assert len(seen.all("caption")) == len(seen.all("table")) == len(seen.all("thead"))
    assert all(a.get("scope") in {"col", "row", "rowgroup"} for a in seen.all("th"))
    assert all("aria-label" in a or "aria-hidden" in a for a in seen.all("svg"))
    assert "prefers-color-scheme: dark" in seen.texts["style"]
    assert "@media print" in seen.texts["style"]


def test_no_text_of_ours_needs_an_escape():
    assert 'class="esc"' not in page(*everything())


def test_an_empty_run_is_a_page_too():
    seen = Page(page(add_up(plan()), plan()))
    assert "0 credentials" in seen.texts["ol"]


def test_a_run_that_goes_on_says_so():
    result, p = everything()
    assert "has not ended" in Page(page(replace(result, status="running"), p)).texts["main"]


def test_command_writes_by_suffix(tmp_path, monkeypatch):
    import json

    from typer.testing import CliRunner

    from rescind.cli import app, runs
    from rescind.engine import runs as engine

    result, p = everything()
    monkeypatch.setattr(runs, "known_run", lambda state, run: "run")
    monkeypatch.setattr(engine, "result", lambda *a: result)
    monkeypatch.setattr(engine, "plans_of", lambda *a: ([p], {}))
    monkeypatch.setattr("rescind.audit.log.open_reader", lambda path: None)
    for name, begins in (("a.html", "<!doctype html>"), ("a.md", "# "), ("a.json", "{")):
        done = CliRunner().invoke(app, ["--state", str(tmp_path), "report", "-o", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).read_text().startswith(begins)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == "rescind.run/1"
