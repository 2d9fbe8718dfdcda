"""The judge: plant homes, scan them as an operator would, and say which credentials were missed, invented or shown.

    python -m tests.planted.judge [--json] [--seed N] [--keep FOLDER] [--systems linux,macos,windows]

A credential counts as found when a single entry of the inventory's credentials (not a candidate) shows every non-secret name that its
row wants, in its own fields or in those of a finding of its own. Nothing is asked of a provider, and nothing of the operator's is read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.planted import decoys, plant
from tests.planted.layout import HOMES, SYSTEMS, Row

FORMS = ("root", "home", "tar.gz", "zip")


@dataclass
class Verdict:
    """What one scan of one planted home amounts to."""

    os: str
    form: str
    missed: list[str] = field(default_factory=list)
    candidates: list[str] = field(default_factory=list)
    wrong_state: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    changed: bool = False
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return f"{self.os}/{self.form}"


def scan(target: Path, elsewhere: Path) -> tuple[dict, str]:
    """Scan a target through the command line of a person who has nothing of their own; return the inventory and all that was shown."""
    out = elsewhere / "inventory.json"
    env = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(elsewhere),
        "XDG_STATE_HOME": str(elsewhere / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "rescind", "scan", str(target), "--json", "-o", str(out)],
        env=env, cwd=elsewhere, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 7):
        raise RuntimeError(f"scan of {target} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout), done.stdout + done.stderr + out.read_text()


def tree_hash(root: Path) -> str:
    """Return a digest of names, sizes, times and bytes of a whole tree."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        st = path.lstat()
        digest.update(f"{path.relative_to(root)}\0{st.st_mode}\0{st.st_mtime_ns}\0".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def texts(credential: Mapping) -> Iterable[str]:
    """Return what a credential shows: its own fields once, with those of each finding."""
    own = [str(credential[k]) for k in ("kind", "provider", "issuer", "subject", "identifier")]
    own += [f"{k}={v}" for k, v in credential["attributes"].items()]
    for f in credential["findings"]:
        yield "\n".join([*own, f["path"], str(f["pointer"] or "")]).casefold()


def hit(row: Row, credential: Mapping) -> bool:
    return any(all(_shown(want, text) for want in row.want) for text in texts(credential))


def _shown(want: str | tuple[str, ...], text: str) -> bool:
    return any(one.casefold() in text for one in ((want,) if isinstance(want, str) else want))


def grams(rows: Iterable[Row]) -> dict[int, dict[str, str]]:
    """Return what must never be shown, by length: every eight characters of every secret, and as many in its usual writings.

    What two secrets share (a prefix) and what stands in the non-secret names is none.
    """
    found: dict[int, dict[str, set[str]]] = {}
    public = "\n".join(w for r in rows for want in r.want for w in ((want,) if isinstance(want, str) else want))
    for row in rows:
        for secret in row.secrets:
            data = secret.encode()
            writings = (
                (8, secret),
                (8, quote(secret, safe="")),
                (11, base64.b64encode(data).decode()),
                (16, data.hex()),
            )
            for size, text in writings:
                for i in range(len(text) - size + 1):
                    found.setdefault(size, {}).setdefault(text[i : i + size], set()).add(secret)
    return {
        size: {g: next(iter(s)) for g, s in of_size.items() if len(s) == 1 and g not in public}
        for size, of_size in found.items()
    }


def leaks(rows: list[Row], shown: str) -> list[str]:
    """Return the rows of which a part of the secret was shown."""
    owners = {secret: row.name for row in rows for secret in row.secrets}
    seen = set()
    for size, forbidden in grams(rows).items():
        seen |= {owners[forbidden[g]] for i in range(len(shown) - size + 1) if (g := shown[i : i + size]) in forbidden}
    return sorted(seen)


def judged(os_name: str, form: str, rows: list[Row], inventory: dict, shown: str) -> Verdict:
    """Compare what was planted with what was found."""
    verdict = Verdict(os=os_name, form=form)
    for row in rows:
        hits = [c for c in inventory["credentials"] if hit(row, c)]
        good = [c for c in hits if c["state"] == ("expired" if row.expired else "live-unverified") or row.public]
        tier = f"T{row.tier}"
        verdict.counts[f"{tier}.planted"] += 1
        if good:
            verdict.counts[f"{tier}.found"] += 1
        elif hits:
            verdict.wrong_state.append(f"{row.name} {sorted({c['state'] for c in hits})} {row.path}")
        elif any(hit(row, c) for c in inventory["candidates"]):
            verdict.candidates.append(f"{row.name} {row.path}")
        else:
            verdict.missed.append(f"{row.name} {row.path}")
    verdict.leaks = leaks(rows, shown)
    verdict.gaps = [f"{g['source']} {g['path']}: {g['reason']}" for g in inventory["gaps"]]
    return verdict


def packed(root: Path, form: str, where: Path) -> Path:
    """Pack a tree as evidence usually comes: a tar of it, or a zip with the drive letter in front, as triage collectors write."""
    target = where / f"evidence.{form}"
    if form == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in sorted(root.rglob("*")):
                if path.is_file():
                    archive.write(
                        path,
                        f"uploads/auto/C%3A/{path.relative_to(root)}"
                        if (root / "ProgramData").exists()
                        else path.relative_to(root),
                    )
    else:
        with tarfile.open(target, "w:gz") as archive:
            archive.add(root, arcname=".")
    return target


def judge(
    systems: Iterable[str] = SYSTEMS, forms: Iterable[str] = FORMS, seed: int | None = None, keep: Path | None = None
) -> list[Verdict]:
    """Plant, scan and judge every system in every form, and the homes that hold nothing."""
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
        base = keep or Path(scratch)
        for os_name in systems:
            root = base / os_name
            rows = plant.plant(os_name, root, seed)
            before = tree_hash(root)
            for form in forms:
                elsewhere = Path(tempfile.mkdtemp(dir=scratch))
                target = {"root": root, "home": root / HOMES[os_name] / "ada"}.get(form) or packed(
                    root, form, elsewhere
                )
                inventory, shown = scan(target, elsewhere)
                if keep:
                    (base / f"{os_name}-{form}.json").write_text(json.dumps(inventory, indent=1))
                    (base / f"{os_name}-rows.json").write_text(
                        json.dumps([[r.name, r.path, r.want, r.secrets] for r in rows], indent=1)
                    )
                verdicts.append(
                    judged(os_name, form, [r for r in rows if form != "home" or not r.system], inventory, shown)
                )
                verdicts[-1].changed = tree_hash(root) != before
            verdicts.append(_decoys(os_name, base / f"{os_name}-decoys", Path(tempfile.mkdtemp(dir=scratch))))
    return verdicts


def _decoys(os_name: str, root: Path, elsewhere: Path) -> Verdict:
    decoys.plant(os_name, root)
    inventory, shown = scan(root / HOMES[os_name] / "ada", elsewhere)
    verdict = Verdict(os=os_name, form="decoys")
    for group in ("credentials", "candidates"):
        for c in inventory[group]:
            if c["state"] in {"live-unverified", "expired"}:
                at = c["findings"][0]
                verdict.false.append(
                    f"{group[:-1]} {c['kind']} {c['identifier']} {at['path']}:{at['line'] or ''} {at['pointer'] or ''} {at['store']}"
                )
    verdict.gaps = [f"{g['source']} {g['path']}: {g['reason']}" for g in inventory["gaps"]]
    return verdict


def summary(verdicts: list[Verdict]) -> dict[str, object]:
    """Return the figures: recall per system, form and tier, and what went wrong."""
    out: dict[str, object] = {}
    for v in verdicts:
        tiers = {
            t: f"{v.counts[f'{t}.found']}/{v.counts[f'{t}.planted']}"
            for t in ("T1", "T2", "T3")
            if v.counts[f"{t}.planted"]
        }
        wrong = {k: getattr(v, k) for k in ("missed", "candidates", "wrong_state", "leaks", "false") if getattr(v, k)}
        out[v.name] = {**tiers, **wrong, "gaps": len(v.gaps), **({"changed": True} if v.changed else {})}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--forms", default=",".join(FORMS))
    given = parser.parse_args()
    verdicts = judge(given.systems.split(","), given.forms.split(","), given.seed, given.keep)
    result = summary(verdicts)
    if given.json:
        print(json.dumps(result, indent=2))
        return
    for v in verdicts:
        print(
            v.name, {k: n for k, n in sorted(v.counts.items())}, f"gaps {len(v.gaps)}", "CHANGED" if v.changed else ""
        )
        for what in ("missed", "candidates", "wrong_state", "leaks", "false"):
            for line in getattr(v, what):
                print(f"   {what}: {line}")


if __name__ == "__main__":
    main()
