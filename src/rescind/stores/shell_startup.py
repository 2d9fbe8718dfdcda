"""Start-up files of shells: exported tokens are the commonest secret on a workstation, and every program sees them."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_NAMES = (
    ".profile", ".bash_profile", ".bash_login", ".bash_logout", ".bashrc", ".bash_aliases", ".bash_local",
    ".bashrc.local", ".bash_env", ".zshenv.local", ".zshrc.local", ".zshrc.pre*", ".bashrc.bak*", ".aliases",
    ".functions", ".exports", ".extra", ".secrets", ".secrets.sh", ".tokens", ".kshrc", ".mkshrc", ".cshrc",
    ".tcshrc", ".login", ".xprofile", ".xsessionrc", ".xinitrc", ".pam_environment", ".tmux.conf", ".screenrc",
    ".vimrc",
)  # fmt: skip

STORE = Store(
    id="shell-startup",
    title="Start-up files of shells",
    where=(
        *(At(root=Root.HOME, glob=name) for name in _NAMES),
        *(
            At(root=Root.HOME, glob=name, env="ZDOTDIR")
            for name in (".zshenv", ".zprofile", ".zshrc", ".zlogin", ".zlogout")
        ),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in ("zsh/*", "bash/*", "sh/*", "shell/*", "tmux/tmux.conf")),
        *(
            At(root=Root.HOME, glob=g)
            for g in (".bashrc.d/*", ".zshrc.d/*", ".profile.d/*", ".oh-my-zsh/custom/*.zsh", ".bash_it/custom/*.bash")
        ),
        *(
            At(root=Root.SYSTEM, glob=g)
            for g in (
                "etc/profile",
                "etc/profile.d/*.sh",
                "etc/bash.bashrc",
                "etc/zsh/*",
                "etc/environment",
                "var/spool/cron/*",
                "var/spool/cron/crontabs/*",
                "etc/cron.d/*",
            )
        ),
    ),
    yields=KINDS,
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://www.gnu.org/software/bash/manual/html_node/Bash-Startup-Files.html",
)
