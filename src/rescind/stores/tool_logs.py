"""Recent logs of tools that write down what they sent: npm, gcloud, the AWS CLI's history, Azure, Gradle, Terraform."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings

STORE = Store(
    id="tool-logs",
    title="Logs of development tools",
    where=(
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".npm/_logs/*.log",
                ".pnpm-debug.log",
                "npm-debug.log",
                "yarn-error.log",
                ".aws/cli/history/history.db",
                ".azure/logs/*.log",
                ".azure/commands/*.log",
                ".azure/telemetry/*",
                ".gradle/daemon/*/*.log",
                ".ansible.log",
                ".kube/cache/*.log",
                ".config/gcloud/logs/*/*.log",
                ".cache/pip/log/*.log",
                ".docker/desktop/log/**/*.log",
                "crash.log",
                ".terraform.d/crash.log",
                ".wget-log",
                "wget-log*",
                "nohup.out",
                ".xsession-errors*",
                ".bundle/*.log",
            )
        ),
        At(root=Root.APPDATA, glob="gcloud/logs/*/*.log"),
        At(root=Root.LOCALAPPDATA, glob="npm-cache/_logs/*.log"),
        *(At(root=Root.MAC_LIBRARY, glob=g) for g in ("Logs/*.log", "Logs/*/*.log")),
        At(root=Root.HOME, glob="**/crash.log", skip=("node_modules",)),
        At(root=Root.HOME, glob="**/nohup.out", skip=("node_modules",)),
        At(root=Root.HOME, glob="**/npm-debug.log", skip=("node_modules",)),
        At(root=Root.HOME, glob="**/yarn-error.log", skip=("node_modules",)),
    ),
    yields=KINDS,
    max_bytes=16 * MiB,
    erase=Erase.NONE,
    parse=searched(strings),
    text=strings,
    since="0.1",
    reference="https://docs.npmjs.com/cli/v11/using-npm/logging",
)
