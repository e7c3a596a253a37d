"""What a benchmark ran on: CPU, cores, versions and what else the machine was doing."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba

from charrnn import __version__
from charrnn.kernels.processor import REGISTER_BYTES, REGISTERS
from charrnn.workers import available_threads

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("numpy", "numba", "llvmlite", "torch", "onnxruntime")


def cpu_name() -> str:
    """The CPU's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return output_of("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Of Python and the packages that matter; those that are not installed are left out."""
    found = {"python": platform.python_version(), "charrnn": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def output_of(*command: str) -> str:
    """What a command prints; nothing where it is missing or fails."""
    try:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def describe_machine() -> dict[str, Any]:
    """Everything that a reader of the figures should know about where they come from."""
    return {
        "cpu": cpu_name(),
        "llvm_name": llvm.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "cores_allowed": available_threads(),
        "registers": f"{REGISTERS} of {8 * REGISTER_BYTES} bits",
        "compiled_for": numba.config.CPU_NAME or "this CPU",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions(),
        "commit": output_of("git", "describe", "--always", "--dirty"),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def machine_lines(machine: dict[str, Any]) -> list[str]:
    """The machine in a few lines of text."""
    packages = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    load = "unknown" if machine["load_average"] is None else machine["load_average"]
    return [
        f"{machine['cpu']}; {machine['cores']} cores, {machine['cores_allowed']} allowed; "
        f"{machine['llvm_name']} to LLVM; vector registers: {machine['registers']}, for {machine['compiled_for']}",
        f"{packages}; {machine['system']}; commit {machine['commit'] or 'unknown'}; "
        f"load before: {load}; {machine['date']}",
    ]
