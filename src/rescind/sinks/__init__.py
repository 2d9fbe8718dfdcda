"""Where check-ins go: one file per sink, opened by the form that the configuration names."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from rescind.models.checkin import Sink, SinkConf
from rescind.models.tenant import SecretRef
from rescind.secret import Secret

FORMS = ("folder", "s3", "put", "postgresql")


def open_sink(conf: SinkConf, resolve: Callable[[SecretRef], Secret]) -> Sink:
    """Return the sink that a configuration names; nothing is contacted yet. Raises `ConfigError` for settings it cannot use."""
    module = importlib.import_module(f"rescind.sinks.{conf.form}")
    made: Sink = module.open_sink(conf, resolve)
    return made
