"""The command that looks up canonical names."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

import dns_faults as faults

COMMAND = [sys.executable, "-m", "checksig", "dns", "--hosts", os.devnull]


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], input=text, capture_output=True, text=True, timeout=60
    )


def test_names(nameserver: str) -> None:
    done = run("--server", nameserver, "www.golang.org")
    assert (done.returncode, done.stdout, done.stderr) == (0, "www.golang.org golang.org.\n", "")


def test_the_chain(nameserver: str) -> None:
    done = run("-s", nameserver, "--chain", "deep.golang.org")
    assert done.stdout == "deep.golang.org. -> www.golang.org. -> golang.org.\n"


def test_a_name_without(nameserver: str) -> None:
    """Good ones are printed nevertheless."""
    done = run("-s", nameserver, "www.golang.org", "nowhere.golang.org", "a..b")
    assert (done.returncode, done.stdout) == (1, "www.golang.org golang.org.\n")
    errors = sorted(done.stderr.splitlines())
    assert errors[0] == 'checksig: bad name "a..b": an empty label'
    assert errors[1].startswith("checksig: nowhere.golang.org.: no such host (NXDOMAIN)")


def test_a_list_on_standard_input(nameserver: str) -> None:
    """Between other names; empty lines do not count, and the last needs no end."""
    text = "six.golang.org\r\n\n  text.golang.org \nboth.golang.org"
    done = run("-s", nameserver, "www.golang.org", "-", "golang.org", text=text)
    assert done.returncode == 1
    assert sorted(done.stdout.splitlines()) == [
        "both.golang.org both.golang.org.",
        "golang.org golang.org.",
        "six.golang.org six.golang.org.",
        "www.golang.org golang.org.",
    ]


def test_results_of_a_slow_pipe_come_at_once(nameserver: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, "-s", nameserver, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for name in ("www.golang.org", "both.golang.org"):
        process.stdin.write(name + "\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(name)
    process.stdin.close()
    process.stdout.close()
    assert process.wait(60) == 0


def test_jsonl(nameserver: str) -> None:
    done = run("-s", nameserver, "--jsonl", "www.golang.org", "dangling.golang.org")
    found = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found["www.golang.org"] == {
        "type": "cname",
        "name": "www.golang.org",
        "canonical": "golang.org.",
        "authenticated": False,
        "chain": ["www.golang.org.", "golang.org."],
        "server": nameserver,
    }
    lost = found["dangling.golang.org"]
    assert (lost["type"], lost["error"]) == ("error", "NXDOMAIN")
    assert lost["chain"] == ["dangling.golang.org.", "nowhere.golang.org."]
    assert done.returncode == 1


def test_csv(nameserver: str) -> None:
    done = run("-s", nameserver, "--csv", "www.golang.org", 'a",b')
    rows = {row["name"]: row for row in csv.DictReader(done.stdout.splitlines())}
    assert rows["www.golang.org"]["canonical"] == "golang.org."
    assert rows["www.golang.org"]["chain"] == "www.golang.org. golang.org."
    assert rows['a",b']["error"] == "BadName"
    assert rows['a",b']["message"].startswith("bad name")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--server", "nobody", "a.example"],
        ["--timeout", "-1", "a.example"],
        ["--attempts", "0", "a.example"],
        ["--rate", "0", "a.example"],
        ["--trust-anchor", "/nonexistent/anchor", "a.example"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("checksig: ")
    assert done.stderr.count("\n") == 1


def test_progress(nameserver: str) -> None:
    names = "\n".join(f"n{i}.wild.golang.org" for i in range(40))
    done = run("-s", nameserver, "--progress", "always", "--rate", "100", "-", text=names)
    assert "in flight" in done.stderr
    assert done.stdout.count("\n") == 40


def test_ctrl_c() -> None:
    with faults.faulty(faults.silent) as server:
        process = subprocess.Popen(
            [*COMMAND, "-s", server.address, "--timeout", "60", "golang.org"],
            stderr=subprocess.PIPE,
            text=True,
        )
        while not server.asked:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "checksig: interrupted\n")
