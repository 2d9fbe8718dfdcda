"""The same run for people: one screen of text, and Markdown to keep. Hostile text is escaped, nothing is decided here."""

from __future__ import annotations

import textwrap

from rescind.models.credential import EndState
from rescind.models.run import CredentialResult, RunResult
from rescind.pipeline import use_words
from rescind.pipeline.report import NEEDS_YOU, line_one

ONE_SCREEN = 8
_TITLE = {EndState.HELD: "held (needs approval)"}


def title(state: EndState) -> str:
    """Return how a state is shown to people."""
    return _TITLE.get(state, str(state))


def safe(text: str) -> str:
    """Return text from evidence or a provider with everything that could steer a terminal escaped (controls, bidi marks)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def name(c: CredentialResult) -> str:
    """Return the shortest name that still identifies a credential."""
    return safe(c.identifier or c.fingerprint or c.id)


def many(count: int, what: str) -> str:
    """Return a count with its noun, in the plural unless it is one."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def wrap(text: str, width: int, indent: str) -> list[str]:
    """Return text as lines of at most `width` columns (an unbreakable word may stand out), each indented."""
    return (
        textwrap.wrap(safe(text), width=width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        or []
    )


def entry(head: str, told: str, *, width: int, column: int = 22) -> str:
    """Return a line of a list: a head and what is told of it beside it, going on below itself; a long head has a line of its own."""
    lines = textwrap.wrap(safe(told), width=max(width - column - 2, 20), break_on_hyphens=False) or [""]
    head = safe(head)
    if len(head) >= column:
        lines = [head, *lines]
    else:
        lines[0] = f"{head:{column}}{lines[0]}"
    rest = (f"  {'':{column}}{line}".rstrip() for line in lines[1:])
    return "\n".join([f"  {lines[0]}".rstrip(), *rest]) + "\n"


def _case(result: RunResult, width: int) -> list[str]:
    """Return what is to be done for the case now, the isolation first, and what will be later."""
    open_ = [s for s in result.case_steps if not s.closed]
    now = sorted((s for s in open_ if s.at or s.end_state is not EndState.MANUAL), key=lambda s: s.verb != "isolate")
    out: list[str] = []
    for s in now[:ONE_SCREEN]:
        stands = "" if s.end_state is EndState.MANUAL else f" {title(s.end_state)}: {s.reason}"
        out += wrap(f"{s.verb}  {s.id}  ({s.owner}){stands}", width, "  ")
        out += wrap(f"→ {s.task} Done when: {s.done_when}", width, "      ")
    if len(now) > ONE_SCREEN:
        out.append(f"  … and {len(now) - ONE_SCREEN} more (rescind report {result.run})")
    if now:
        out = ["To do for the case:", *out, f"  rescind task done {result.run} ID --by NAME --evidence TEXT"]
    later = [f"{s.verb} ({s.owner})" for s in open_ if s not in now]
    if later:
        out += wrap("Later, for the case: " + ", ".join(later), width, "")
    return [*out, ""] if out else []


def _used(result: RunResult, width: int) -> list[str]:
    """Return what was used after the loss, the last use first."""
    (first, *rest) = [*use_words.lines(result), ("", "")]
    if not first[0]:
        return []
    out, shown = wrap(first[0], width, ""), rest[:-1]
    for head, told in shown[:ONE_SCREEN]:
        out += [*wrap(head, width, "  "), *wrap(told, width, "      ")]
    if len(shown) > ONE_SCREEN:
        out.append(f"  … and {len(shown) - ONE_SCREEN} more (rescind report {result.run})")
    return [*out, ""]


def _left_to_do(result: RunResult, width: int) -> list[str]:
    """Return what was cut and has a task all the same: somebody else may put it back."""
    cut = [c for c in result.credentials if c.end_state not in NEEDS_YOU]
    left = [(c, t) for c in cut for t in c.tasks if not t.get("attested_by")]
    out = ["Cut, with something left to do:"] if left else []
    for c, task in left[:ONE_SCREEN]:
        out += wrap(f"{title(c.end_state)}  {c.kind}  {name(c)}", width, "  ")
        out += wrap(f"→ {task['task']}", width, "      ")
    if len(left) > ONE_SCREEN:
        out.append(f"  … and {len(left) - ONE_SCREEN} more (rescind report {result.run})")
    return [*out, ""] if out else []


def text(result: RunResult, *, width: int = 80) -> str:
    """Return the one-screen summary: line one, gaps, what needs a decision, what still works and until when, the audit head."""
    out = [*wrap(line_one(result), width, ""), ""]
    if result.not_isolated:
        out += [*wrap(f"NOT ISOLATED, on purpose: {result.not_isolated}", width, ""), ""]
    if result.waiting_for:
        hour = f", until {result.waiting_until}" if result.waiting_until else ""
        out += wrap(f"The run rests for {result.waiting_for}{hour}. Then: rescind resume {result.run}", width, "")
        out.append("")
    out += _case(result, width)
    if result.gaps:
        out.append("Not seen (nothing below covers these):")
        for gap in result.gaps[:ONE_SCREEN]:
            where = f" {gap.path}" if gap.path else ""
            out += wrap(f"{gap.source}{where}: {gap.reason}", width, "  ")
        if len(result.gaps) > ONE_SCREEN:
            out.append(f"  … and {len(result.gaps) - ONE_SCREEN} more (rescind report {result.run})")
        out.append("")
    needing = [c for c in result.credentials if c.end_state in NEEDS_YOU]
    if needing:
        out.append("You must decide or act, most dangerous first:")
        for c in needing[:ONE_SCREEN]:
            out += wrap(f"{title(c.end_state)}  {c.kind}  {name(c)}", width, "  ")
            out += wrap(c.reason, width, "      ")
            for task in c.tasks[:1]:
                done = f"done, says {task['attested_by']}: " if task.get("attested_by") else ""
                out += wrap("→ " + done + task["task"], width, "      ")
        if len(needing) > ONE_SCREEN:
            out.append(f"  … and {len(needing) - ONE_SCREEN} more (rescind report {result.run})")
        out.append("")
    out += _left_to_do(result, width)
    until = [c for c in result.credentials if c.end_state is EndState.RESIDUAL]
    until += [c for c in result.credentials if c.end_state is EndState.CONTAINED and c.residual_until]
    if until:
        out.append("Cut at the source, something derived may still work:")
        for c in until[:ONE_SCREEN]:
            clock = f"until {c.residual_until}" if c.residual_until else "until that is ended"
            out += wrap(f"{clock}  {c.kind}  {name(c)}: {c.residual_what}", width, "  ")
        if len(until) > ONE_SCREEN:
            out.append(f"  … and {len(until) - ONE_SCREEN} more (rescind report {result.run})")
        out.append("")
    out += _used(result, width)
    counted = ", ".join(f"{n} {title(EndState(s))}" for s, n in result.counts.items() if n) or "none"
    out += wrap(f"{len(result.credentials)} credentials: {counted}", width, "")
    intended = sum(c.as_intended for c in result.credentials)
    if intended:
        out += wrap(f"{intended} of them as the playbook intends", width, "")
    if result.time_to_first_cut is not None:
        out.append(f"First cut {result.time_to_first_cut:.1f} s after the start.")
    out.append(f"Run {result.run} ({result.status}), plan {result.plan_digest[:19]}")
    out.append(f"Audit: {result.audit_size} entries, root {result.audit_root[:16]}")
    return "\n".join(out) + "\n"


def _cell(value: str) -> str:
    return safe(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def markdown(result: RunResult) -> str:
    """Return the whole run as Markdown: every credential with its steps and evidence, gaps first."""
    out = [f"# {result.playbook}: run {result.run}", "", f"**{line_one(result)}**", ""]
    if result.not_isolated:
        out += [f"**Not isolated, on purpose: {_cell(result.not_isolated)}**", ""]
    out += [f"Started {result.started_at}, {result.status} {result.ended_at}. Plan `{result.plan_digest}`.", ""]
    if result.waiting_for:
        out += [f"The run rests for {_cell(result.waiting_for)} {result.waiting_until}", ""]
    out.append("## Not seen")
    out.append("")
    out += [f"- {_cell(g.source)} {_cell(g.path)}: {_cell(g.reason)}" for g in result.gaps] or [
        "- nothing known to be missing"
    ]
    if result.case_steps:
        out += ["", "## For the case", ""]
        for s in result.case_steps:
            by = f", attested by {s.attested_by} at {s.attested_at}: {s.evidence}" if s.attested_by else ""
            told = f"{s.verb} ({s.owner}): {s.task} Done when: {s.done_when} {title(s.end_state)}: {s.reason}{by}"
            out.append(f"- [{'x' if s.closed else ' '}] {_cell(told)}")
    out += [
        "",
        "## Credentials",
        "",
        "| state | kind | identifier | owner | tenant | until | evidence |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for c in result.credentials:
        state = (
            title(c.end_state)
            + (" (as intended)" if c.as_intended else "")
            + (" (reversible)" if c.reversible and c.end_state is EndState.DEAD else "")
        )
        cells = (state, c.kind, name(c), c.owner, c.tenant, c.residual_until, c.reason)
        out.append("| " + " | ".join(_cell(v) for v in cells) + " |")
    if used := list(use_words.lines(result)):
        out += ["", "## Used after the loss", "", *(f"- {_cell(': '.join(filter(None, line)))}" for line in used)]
        out += [f"- {_cell(g)}" for g in use_words.read(result)]
    tasks = [(c, t) for c in result.credentials for t in c.tasks]
    if tasks:
        out += ["", "## Tasks", ""]
        for c, t in tasks:
            by = f" by {t['decide_by']}" if t.get("decide_by") else ""
            breaks = f" Would break: {t['would_break']}." if t.get("would_break") else ""
            out.append(
                f"- [{'x' if t.get('attested_by') else ' '}] {_cell(c.kind)} {_cell(name(c))}: {_cell(t['task'])} ({_cell(t.get('owner', ''))}{by}){_cell(breaks)}"
            )
    out += ["", "## Timeline", ""]
    steps = sorted((r for c in result.credentials for r in c.steps), key=lambda r: r.at)
    kinds = {c.id: (c.kind, name(c)) for c in result.credentials}
    out += [
        f"- {r.at} {r.verb} {_cell(' '.join(kinds[r.credential]))}: {title(r.end_state)} ({_cell(r.error or r.evidence)})"
        for r in steps
    ] or ["- no step was carried out"]
    out += [
        "",
        "## Audit",
        "",
        f"{result.audit_size} entries, root `{result.audit_root}`. Check offline: `rescind audit export -o trail.jsonl && rescind audit verify trail.jsonl`.",
        "",
    ]
    return "\n".join(out)
