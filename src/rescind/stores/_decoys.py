"""Values that only look like secrets: documentation constants, placeholders, references to a secret kept elsewhere, public halves."""

from __future__ import annotations

import re

_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an the your my our some this that is goes here in to me with not for of please insert enter put add paste
        change changeme replace replaceme replacethis set todo tbd fixme fill dummy fake sample example examples test
        testing demo default placeholder redacted removed hidden masked null none nil undefined empty real actual long
        random string value key keys token tokens secret secrets secretkey password passwd pass pw pwd passphrase api
        apikey access accesskey id client private auth credential credentials user username account admin root myroot
        localhost foo bar baz foobar xyz unique phrase
        """,
    )
)
_PLACEHOLDER = re.compile(
    r"<[^<>]{0,100}>|\[[^\[\]]{0,60}\]|\{\{.{0,200}\}\}|\{[A-Za-z_. -]{0,60}\}|%\w+%|[*•xX._\-…]+|(?:your|insert|enter|replace|paste|change)[-_ ].{0,200}|.*EXAMPLE(?:KEY)?|.*(?i:change[-_ ]me)(?![A-Za-z]).*"
    r"|(?:[A-Za-z0-9]{1,12}[-_]){1,3}(?:[xX*]{4,}|(?:your|my|insert|enter|replace|paste)[-_ ][A-Za-z_ -]{0,60}|\.{3}|…)",
    re.DOTALL,
)
_REFERENCE = re.compile(
    r"#\{[^{}]{0,200}\}#?|__[A-Za-z]\w{0,60}__|\$\{[^{}]*\}|\$\{\{[^{}]*\}\}|\{(?:env|file|input):[^{}]*\}|\$[A-Za-z_]\w*|\$\(.*|`.*`|\{\{.*\}\}|%\w+%"
    r"|(?:op|awssm|gcpsm|vault|keyring|file|bws|akv)://.*|(?:vault|ssm|keyring|sops|env|encrypted):.*"
    r"|arn:aws[a-z-]*:(?:secretsmanager|ssm):.*|projects/[^/]+/secrets/.*|ENC\[.*|!vault.*|@Microsoft\.KeyVault\(.*",
    re.DOTALL,
)
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^{}]+)\}")
_PUBLIC = re.compile(
    r"pk_(?:live|test)_\w+|pk\.eyJ[\w\-]+\.[\w\-]+|age1[a-z0-9]{50,}|(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) AAAA.*|-----BEGIN (?:CERTIFICATE|[A-Z ]*PUBLIC KEY)-----.*",
    re.DOTALL,
)
_PLAIN = re.compile(r"(?i:true|false|yes|no|on|off)|\d{1,5}")
_LADDER = "01234567890abcdefghijklmnopqrstuvwxyz"
_SAMPLE_SSH = frozenset({"SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA"})
_WORDY, _SEPARATOR = re.compile(r"[A-Za-z]+(?:[-_ .][A-Za-z]+)*+"), re.compile(r"[-_ .]")


def is_placeholder(value: str) -> bool:
    """Tell whether a value is a stand-in: empty, fewer than four different characters, a run, or nothing but such words."""
    plain = value.strip().strip("\"'")
    if len(set(plain)) < 4 or plain.lower() in _LADDER or _PLACEHOLDER.fullmatch(plain):
        return True
    if len(plain) > 100 or not _WORDY.fullmatch(plain):
        return False
    return all(word in _WORDS for word in _SEPARATOR.split(plain.lower()))


def literal(value: str) -> str:
    """Return what the file itself holds: the default inside `${X:-default}`, "" for a pure reference, else the value."""
    plain = value.strip()
    if default := _DEFAULT.fullmatch(plain):
        return default[1]
    return "" if _REFERENCE.fullmatch(plain) else value


def is_harmless(value: str) -> bool:
    """Tell whether a value cannot be a secret whatever its name: a public half, a boolean, a small number."""
    return bool(_PUBLIC.fullmatch(value.strip()) or _PLAIN.fullmatch(value.strip()))


def is_sample_key(fingerprint: str) -> bool:
    """Tell whether an SSH fingerprint is that of a private key everybody has: Vagrant's insecure key.

    https://github.com/hashicorp/vagrant/tree/main/keys
    """
    return fingerprint in _SAMPLE_SSH
