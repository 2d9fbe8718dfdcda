"""Everything that a hostile tree can hold, at once: no hang, no escape, no crash, bounded memory, evidence unchanged.

`HAZARDS` says for every hazard of a scanned machine by which tests it is held; a test sees to it that they exist.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.models.clock import SystemClock
from rescind.models.store import At, Root
from rescind.pipeline.scan import ScanResult, scan
from tests.unit._evidence import picture, put, store

STORES, FORMATS, READERS = "contract/test_stores.py", "unit/test_store_formats.py", "unit/test_store_readers.py"
VIEW, ARCHIVES, HERE = "unit/test_host_view.py", "unit/test_host_archives.py", "unit/test_host_hazards.py"

HAZARDS = {
    "UTF-8 with BOM, UTF-16, undecodable bytes": (
        f"{STORES}::test_any_bytes",
        "unit/test_free_text.py::test_any_bytes_are_text",
    ),
    "CRLF, lone CR, duplicate sections and keys, `%`": (f"{STORES}::test_mutated_vectors", f"{STORES}::test_nasty"),
    "deep JSON, huge numbers, many documents": (f"{STORES}::test_nasty",),
    "YAML alias bombs, tags, typed scalars": (
        f"{FORMATS}::test_yaml_that_is_refused",
        f"{FORMATS}::test_yaml_scalars_stay_text_and_merges_are_joined",
    ),
    "broken or excessive TOML": (
        f"{READERS}::test_toml_that_is_too_much_is_refused",
        f"{READERS}::test_toml_that_is_broken_gives_what_single_lines_say",
    ),
    "XML entities, external or exploding; DTDs": (f"{STORES}::test_nasty", f"{STORES}::test_any_bytes"),
    "binary property lists": ("unit/test_host_moved_elsewhere.py::test_launchd_agent_moves_a_file",),
    "pickles and other serialised objects": (f"{STORES}::test_row",),
    "SQLite: hot log, hot journal, torn, malicious schema": (
        "unit/test_sqlite_log.py::test_the_image_is_what_sqlite_shows",
        "unit/test_sqlite_log.py::test_any_bytes_give_an_image_or_a_refusal",
        "unit/test_sqlite_log.py::test_a_row_that_is_only_in_the_log_is_seen_and_nothing_is_written",
        "unit/test_sqlite_log.py::test_a_log_that_cannot_be_had_and_a_hot_journal_are_gaps",
        f"{FORMATS}::test_only_real_tables_are_read",
        f"{FORMATS}::test_a_table_too_large_to_be_one_is_given_up",
    ),
    "sparse, huge, endless lines; pipes, sockets, devices": (
        f"{HERE}::test_a_tree_full_of_traps",
        f"{VIEW}::test_huge_sparse_file_is_not_read",
        f"{VIEW}::test_pipes_sockets_devices_and_folders_are_gaps_without_stalling",
        f"{VIEW}::test_device_is_a_gap",
        f"{VIEW}::test_slow_read_is_given_up",
        f"{ARCHIVES}::test_a_pipe_as_target_does_not_stall",
    ),
    "links: escapes, loops, mounts, names swapped under the scan": (
        f"{VIEW}::test_link_out_of_a_home_is_a_gap",
        f"{VIEW}::test_mounted_root_never_reads_the_real_one",
        f"{VIEW}::test_loops_and_dangling_links_are_gaps",
        f"{VIEW}::test_name_swapped_for_a_link_between_look_and_open",
        f"{VIEW}::test_any_tree_is_read_without_escape_and_without_loss",
        f"{HERE}::test_another_file_system_below_a_home_is_a_gap",
        "unit/test_host_collections.py::test_links_of_each_volume_start_at_its_own_root",
    ),
    "archives: slips, bombs, nesting, encryption, duplicates, damage": (
        f"{ARCHIVES}::test_names_that_would_lead_out_are_refused_and_the_rest_is_read",
        f"{ARCHIVES}::test_links_are_resolved_in_the_archive_and_nowhere_else",
        f"{ARCHIVES}::test_devices_pipes_and_folders_in_an_archive_are_gaps",
        f"{ARCHIVES}::test_a_packed_bomb_is_not_unpacked",
        f"{ARCHIVES}::test_a_bomb_in_a_zip_is_a_gap_and_its_neighbours_are_read",
        f"{ARCHIVES}::test_a_sparse_member_of_300_gb_costs_nothing",
        f"{ARCHIVES}::test_archives_in_an_archive_two_levels_deep",
        f"{ARCHIVES}::test_encrypted_members_are_gaps",
        f"{ARCHIVES}::test_of_a_name_that_comes_twice_the_last_counts_and_it_is_told",
        f"{ARCHIVES}::test_an_archive_that_is_cut_off_is_a_gap_or_an_error_at_any_place",
        f"{ARCHIVES}::test_any_damage_is_survived",
        f"{ARCHIVES}::test_headers_that_never_end_are_refused",
    ),
    "names: case, NFD, newlines, escapes, undecodable": (
        f"{VIEW}::test_names_that_are_no_text_are_escaped_and_found_again",
        f"{VIEW}::test_path_text_is_reversible",
        f"{ARCHIVES}::test_names_that_are_no_text",
        "unit/test_host_collections.py::test_names_of_windows_count_in_any_case_and_escaped",
    ),
    "no permission, disk errors, files that change": (
        f"{VIEW}::test_unreadable_file_and_folder_are_gaps",
        f"{VIEW}::test_input_output_error_is_a_gap",
        f"{VIEW}::test_file_that_changes_once_is_read_again",
        f"{VIEW}::test_file_that_keeps_changing_is_a_gap",
        "unit/test_host_roots.py::test_a_home_that_may_not_be_looked_into_is_one_gap",
    ),
    "escape sequences and markup in reports": (
        "unit/test_report.py::test_hostile_text_steers_neither_terminal_nor_markdown",
        "unit/test_html.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    "PEM in any disorder, absurd key sizes, PKCS#12 bombs": (
        f"{STORES}::test_nasty",
        f"{STORES}::test_pkcs12_that_asks_for_too_much_work_is_refused_before_any_is_done",
    ),
    "encrypted containers": (f"{STORES}::test_vector",),
    "programs named by configurations": (
        "unit/test_scan.py::test_scan_writes_nothing_and_opens_no_socket",
        "interop/test_hostile_cli.py::test_a_home_full_of_traps_is_read_planned_ended_and_reported_without_springing_one",
    ),
    "times in every format": (f"{FORMATS}::test_epochs",),
    "patterns that backtrack; parsers that never return": (
        f"{STORES}::test_nasty",
        "unit/test_scan.py::test_parser_that_never_returns_is_stopped",
    ),
    "values in output, errors and memory": (
        f"{STORES}::test_any_bytes",
        "unit/test_scan.py::test_any_parser_failure_is_a_gap_and_keeps_what_was_found",
    ),
}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_every_hazard_has_its_tests(hazard: str) -> None:
    assert len(HAZARDS) == 21
    for name in HAZARDS[hazard]:
        file, _, test = name.partition("::")
        assert f"def {test}(" in (Path(__file__).parents[1] / file).read_text(), name


def sparse(path: Path, size: int, end: bytes = b"") -> None:
    put(path, b"")
    with path.open("r+b") as f:
        f.truncate(size)
        f.seek(max(0, size - len(end)))
        f.write(end)


def trap(home: Path) -> None:
    put(
        home / ".aws/credentials",
        "[default]\naws_access_key_id = AKIARZPUZDIKFAKEFAKE\naws_secret_access_key = fake/horse/battery/42\n",
    )
    sparse(home / ".kube/config", 300 << 20)
    sparse(home / ".bash_history", 10 << 30, b"\nexport TOKEN=made-up\n")  # one line of 10 GB before it
    os.mkfifo(home / ".netrc")
    (home / ".docker").mkdir()
    (home / ".docker/config.json").symlink_to("/dev/zero")
    (home / ".config").mkdir()
    (home / ".config/gh").symlink_to("../.config/gh")
    (home / ".vault-token").symlink_to("/etc/passwd")
    (home / ".npmrc").mkdir()
    (home / "work/loop").mkdir(parents=True)
    (home / "work/loop/again").symlink_to("..")
    (home / "work/up").symlink_to("../../../../../..")
    put(home / "work/\udcff\n\x1b[31m/.env", "TOKEN=made-up-horse-battery-42\n")
    with socket.socket(socket.AF_UNIX) as s:
        folder = os.open(home, os.O_RDONLY)
        try:
            s.bind(f"/proc/self/fd/{folder}/.git-credentials")
        finally:
            os.close(folder)


def quiet(target: Path) -> tuple[ScanResult, int]:
    tracemalloc.start()
    try:
        result = scan(target, clock=SystemClock(), environ={})
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_tree_full_of_traps(tmp_path: Path) -> None:
    trap(tmp_path)
    catalogue.stores()
    before = picture(tmp_path)
    result, peak = quiet(tmp_path)
    assert picture(tmp_path) == before
    assert peak < 160 << 20
    reasons = {g.path: g.reason for g in result.gaps}
    assert "AKIARZPUZDIKFAKEFAKE" in {f.identifier for _, f in result.findings}
    assert reasons[".kube/config"].startswith("is larger than")
    assert reasons[".netrc"] == "is a named pipe, not a file"
    assert reasons[".docker/config.json"] == reasons[".vault-token"] == "link leaves the evidence"
    assert reasons[".git-credentials"] == "is a socket, not a file"
    assert reasons[".npmrc"] == "is a directory, not a file"
    assert ".bash_history" in reasons
    assert any(f.location.path == "work/\\xff\\x0a\\x1b[31m/.env" for _, f in result.findings)


def test_the_same_tree_in_an_archive(tmp_path: Path) -> None:
    home = tmp_path / "root/ada"
    home.mkdir(parents=True)
    trap(home)
    (home / ".git-credentials").unlink()  # tar leaves sockets out
    subprocess.run(["tar", "-cSf", tmp_path / "x.tar", "-C", tmp_path / "root", "ada"], check=True)
    result, peak = quiet(tmp_path / "x.tar")
    assert peak < 160 << 20
    reasons = {g.path: g.reason for g in result.gaps}
    assert "AKIARZPUZDIKFAKEFAKE" in {f.identifier for _, f in result.findings}
    assert reasons["ada/.kube/config"].startswith("is larger than")
    assert reasons["ada/.netrc"] == "is a named pipe, not a file"
    assert reasons["ada/.docker/config.json"] == "link leaves the evidence"
    assert ".bash_history" in str(reasons)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_another_file_system_below_a_home_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path / "work/a/.env")
    (tmp_path / "work/mounted").mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "none", tmp_path / "work/mounted"], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        put(tmp_path / "work/mounted/.env")
        result = scan(tmp_path, clock=SystemClock(), stores=[store(At(root=Root.HOME, glob="**/.env"))], environ={})
    finally:
        subprocess.run(["umount", tmp_path / "work/mounted"], check=True)
    assert [f.location.path for _, f in result.findings] == ["work/a/.env"]
    assert [(g.path, g.reason) for g in result.gaps] == [
        ("work/mounted", "another file system is mounted here and was not walked")
    ]
