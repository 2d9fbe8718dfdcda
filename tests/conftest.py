"""Settings for every test: a private HOME, no operator configuration, and no deadline for property tests on a shared machine."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys

import pytest
from botocore import loaders
from hypothesis import settings

# the command line is started some hundred times: once compiled is enough
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("rescind", deadline=None)
settings.load_profile("rescind")


# a shell that starts us in the background hands down an ignored SIGINT, and the tests of Ctrl-C would test nothing
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)


# every session of boto reads megabytes of models again: a process of tests makes hundreds of them
_read = functools.cache(functools.partial(loaders.JSONFileLoader.load_file, loaders.JSONFileLoader()))
loaders.JSONFileLoader.load_file = lambda _, path: _read(path)


@pytest.fixture(autouse=True, scope="session")
def _private_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("AWS_", "VAULT_", "BAO_", "XDG_")) and name != "XDG_RUNTIME_DIR":
            os.environ.pop(name)
    for name in ("RESCIND_CONFIG", "RESCIND_STATE", "DBUS_SESSION_BUS_ADDRESS"):
        os.environ.pop(name, None)
    os.environ["HOME"] = str(home)
    yield


CHUNK = 60
SLOW_CHUNK = 6
FIRST: tuple[str, ...] = ()
"""The modules that take longest, longest first: begun last, one of them would run alone at the end."""


def pytest_configure(config):
    """Hand groups out in our order, not by how many tests they hold: ten that start a server outlast a thousand that do not."""
    config.option.loadscopereorder = False


def _shared(item):
    """Return what a test shares with others of its module: the fixtures that outlive it, and which of their parameters it uses."""
    made = {n: d for n, some in item._fixtureinfo.name2fixturedefs.items() for d in some if d.scope != "function"}
    made = {n: d for n, d in made.items() if d.baseid not in {"", "tests/conftest.py", "tests"}}
    indices = item.callspec.indices if hasattr(item, "callspec") else {}
    return made, tuple(str(indices[n]) for n, d in sorted(made.items()) if d.params and n in indices)


def pytest_collection_modifyitems(items):
    """Deal tests out in groups. Those that share a world are one, as each worker would build it again and wait for it again; so are
    some dozens of any others, as handing tests out one by one costs more than many of them."""
    count: dict[str, int] = {}
    for item in items:
        stem = item.path.stem
        made, which = _shared(item)
        if made:
            name = "-".join((stem, *which))
        else:
            nth = count[stem] = count.get(stem, -1) + 1
            name = f"{stem}.{nth // (SLOW_CHUNK if item.path.parent.name == 'interop' else CHUNK)}"
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(name))
    rank = {stem: n for n, stem in enumerate(FIRST)}
    places = {"interop": 1, "golden": 2, "contract": 3}
    items.sort(key=lambda i: (rank.get(i.path.stem, len(rank)), places.get(i.path.parent.name, 4)))
