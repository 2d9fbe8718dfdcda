"""Settings for every test: a private HOME, no operator configuration, and no deadline for property tests on a shared machine."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("rescind", deadline=None)
settings.load_profile("rescind")


# a shell that starts us in the background hands down an ignored SIGINT, and the tests of Ctrl-C would test nothing
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


def pytest_collection_modifyitems(items):
    """Keep tests that share the world of their module in one worker: each worker would build it again, and wait for it again."""
    for item in items:
        made = [d for some in item._fixtureinfo.name2fixturedefs.values() for d in some]
        shared = item.path.parent.name in {"interop", "golden"} and any(d.scope == "module" for d in made)
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
