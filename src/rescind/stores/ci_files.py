"""Pipelines and container recipes: secrets that should have been variables of the service and were written into the file."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_SKIP = ("node_modules", "vendor", "site-packages", ".cache", "target")
_NAMES = (
    ".gitlab-ci.yml", ".travis.yml", ".drone.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml",
    "cloudbuild.yaml", "buildspec.yml", "Jenkinsfile", ".circleci/config.yml", "appveyor.yml",
    "docker-compose*", "compose.*", "Dockerfile", "Dockerfile.*", "Containerfile",
)  # fmt: skip

STORE = Store(
    id="ci-files",
    title="CI pipelines, compose files and Dockerfiles",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _NAMES),
        At(root=Root.HOME, glob="**/.github/workflows/*.y*ml", skip=_SKIP),
    ),
    yields=KINDS,
    max_bytes=1 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://docs.gitlab.com/ci/variables/#define-a-cicd-variable-in-the-gitlab-ciyml-file",
)
