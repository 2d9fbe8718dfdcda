"""HTML from values: whatever was not made here as markup is escaped, so no text of the evidence can become any.

Controls, bidi marks and other invisible characters are shown as marked escapes (https://www.unicode.org/reports/tr36/).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from rescind.models.clock import parse_rfc3339
from rescind.pipeline.render import safe


class Html(str):
    """Markup that was made by this module's functions; the only text that is not escaped."""

    __slots__ = ()


def text(value: str) -> Html:
    """Return any text as markup that shows exactly it, with what is not printable as a marked escape."""
    return Html("".join(escape(c) if c.isprintable() else f'<span class="esc">{safe(c)}</span>' for c in value))


def plain(value: str) -> Html:
    """Return any text without elements, for places that can hold none: `title`, and text inside SVG."""
    return Html(escape(safe(value)))


def el(tag: str, *children: str, **attributes: str) -> Html:
    """Return one element. `class_` and `data_x` name the attributes `class` and `data-x`; an empty attribute is left out."""
    shown = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(safe(value))}"' for name, value in attributes.items() if value
    )
    inside = "".join(c if isinstance(c, Html) else text(c) for c in children)
    return Html(f"<{tag}{shown}>{inside}</{tag}>")


def join(parts: Iterable[str], between: str = "") -> Html:
    """Return markup one after another; plain text among it is escaped."""
    return Html(between.join(p if isinstance(p, Html) else text(p) for p in parts))


def foreign(value: str) -> Html:
    """Return a string of the evidence or the provider, kept from reordering what stands beside it."""
    return el("bdi", value) if value else Html("")


def moment(value: str) -> datetime | None:
    """Return an RFC 3339 time in UTC, or None for text that is none."""
    try:
        return parse_rfc3339(value).astimezone(UTC) if value else None
    except (ValueError, OverflowError):
        return None


def when(value: str) -> Html:
    """Return a time as people read it, in UTC and to the second; text that is no time is shown as it is."""
    at = moment(value)
    return el("time", at.strftime("%Y-%m-%d %H:%M:%SZ"), datetime=value) if at else text(value)


def until(value: str, now: datetime) -> Html:
    """Return how long it is until then, as of `now`; the page's script counts on from there."""
    at = moment(value)
    if at is None:
        return Html("")
    return el("span", left((at - now).total_seconds()), class_="left", data_until=value)


def left(seconds: float) -> str:
    """Say how long seconds are, in the two largest units."""
    if seconds <= 0:
        return "time is up"
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, foot: Sequence[str] = ()) -> Html:
    """Return a table with column headers; the first cell of each row is its header. Cells are labelled for narrow screens."""
    top = el("tr", *(el("th", h, scope="col") for h in head))
    body = join(_row(head, row) for row in rows)
    end = el("tfoot", _row(head, foot)) if foot else Html("")
    return el("table", el("caption", caption), el("thead", top), el("tbody", body), end)


def _row(head: Sequence[str], row: Sequence[str]) -> Html:
    first, *rest = row
    cells = [el("td", cell, data_label=label) for label, cell in zip(head[1:], rest, strict=True)]
    return el("tr", el("th", first, scope="row"), *cells)


def count(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{n} {one if n == 1 else many or one + 's'}"
