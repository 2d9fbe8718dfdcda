"""Kubernetes client configuration: tokens, passwords and client certificates that lie in the file itself.

Kubernetes cannot revoke a client certificate: only its rights can be taken away, or its authority replaced. Users whose `exec` or
`auth-provider` fetches a token hold none here, and nothing named in the file is run or opened.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, Root, Store
from rescind.stores import _kube
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each user holds. Raises `Unparsable` for broken YAML, and after the rest for a certificate that cannot be read."""
    trouble = ""
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        try:
            yield from _kube.users(document, at)
        except Unparsable as e:
            trouble = e.message
    if trouble:
        raise Unparsable(trouble)


_ENDS = ("yaml", "yml", "conf", "config")
_MORE = (
    ".kube/config~",
    ".kube/config.*",
    "Downloads/kubeconfig*",
    "Downloads/*kubeconfig*.y*ml",
    ".k0s/*.conf",
    "**/kubeconfig.y*ml",
)
_SYSTEM = (
    "etc/kubernetes/*.conf",
    "etc/rancher/k3s/k3s.yaml",
    "etc/rancher/rke2/rke2.yaml",
    "var/lib/k0s/pki/admin.conf",
)
_LENS = ((Root.XDG_CONFIG, ("linux",)), (Root.MAC_SUPPORT, ("macos",)), (Root.APPDATA, ("windows",)))
STORE = Store(
    id="kubeconfig",
    title="Kubernetes client configuration",
    where=(
        At(root=Root.HOME, glob=".kube/config", env="KUBECONFIG"),
        *(
            At(root=Root.HOME, glob=f".kube/{name}")
            for name in (*(f"*.{end}" for end in _ENDS), "configs/*", "config-*")
        ),
        *(At(root=Root.HOME, glob=g) for g in _MORE),
        *(At(root=root, glob="Lens/kubeconfigs/*", os=system) for root, system in _LENS),
        *(At(root=Root.SYSTEM, glob=g) for g in _SYSTEM),
        *(At(root=Root.TEMP, glob=g) for g in ("*kubeconfig*", "kube*.conf", "kube*.y*ml")),
    ),
    yields=("kube.token", "x509.client-cert", "azure.aks-certificate", "file.secret", "github.token"),
    parse=parse,
    since="0.1",
    reference="https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/",
)
