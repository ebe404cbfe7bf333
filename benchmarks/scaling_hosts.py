"""Two hosts on one machine: network namespaces joined by a cable whose bandwidth is limited.

    with two_hosts("1gbit") as start:
        subprocess.run([*start, sys.executable, "-m", "program"])      # on two ranks, one on each

Linux, root, `ip` and `tc` are needed; delay needs the kernel's netem, which not every kernel has.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

NUMBERS = count()  # the kernel takes its time to forget a name
HOSTS = ("10.77.7.1", "10.77.7.2")
LAUNCH = """#!/bin/sh
# mpiexec runs: this [options] HOST COMMAND; it is to run in that host's namespace
while [ "${{1#-}}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec {prefix}${{host##*.}} sh -c "$*"
"""


def refusal(delay_us: int = 0) -> str:
    """Why there can be no two hosts here; "" where there can."""
    if missing := [name for name in ("ip", "tc") if shutil.which(name) is None]:
        return f"{missing[0]} is not installed"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    try:
        with two_hosts("1gbit", delay_us):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return " ".join(said.decode(errors="replace").split())


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def two_hosts(rate: str = "", delay_us: int = 0) -> Iterator[list[str]]:
    """The words that start a program on two ranks, one on each host.

    rate      of the cable, in both directions, as `tc` has it: "1gbit"; "": as fast as it goes
    delay_us  that each packet waits; 0: none
    """
    own = f"npms{os.getpid() % 10_000}{next(NUMBERS)}"
    names, ends = ([f"{own}{kind}{k}" for k in (1, 2)] for kind in ("h", "e"))
    with tempfile.TemporaryDirectory() as folder:
        launch = Path(folder) / "launch"
        launch.write_text(LAUNCH.format(prefix=names[0][:-1]), encoding="utf-8")
        launch.chmod(0o755)
        try:
            for name in names:
                _run("ip", "netns", "add", name)
            _run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
            for name, end, host in zip(names, ends, HOSTS, strict=True):
                _run("ip", "link", "set", end, "netns", name)
                _run("ip", "-n", name, "addr", "add", f"{host}/24", "dev", end)
                for each in (end, "lo"):
                    _run("ip", "-n", name, "link", "set", each, "up")
                tc = ("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", end)
                if delay_us:
                    _run(
                        *tc,
                        "root",
                        "netem",
                        "delay",
                        f"{delay_us}us",
                        *(["rate", rate] * bool(rate)),
                    )
                elif rate:
                    _run(*tc, "root", "tbf", "rate", rate, "burst", "128kb", "latency", "100ms")
            mpiexec = shutil.which(
                "mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            )
            yield [
                *("ip", "netns", "exec", names[0], str(mpiexec), "-launcher", "ssh"),
                *("-launcher-exec", str(launch), "-hosts", ",".join(HOSTS), "-iface", ends[0]),
                # MPICH would see that it is one machine, and use its memory instead of the cable
                *("-genv", "UCX_TLS", "tcp,self", "-ppn", "1", "-n", "2"),
            ]
        finally:
            for name in names:
                subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            subprocess.run(["ip", "link", "del", ends[0]], capture_output=True, check=False)
