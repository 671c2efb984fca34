"""Certificates that sign themselves, for tests of TLS."""

import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path, name: str, password: str = "", address: str = "IP:127.0.0.1") -> Path:
    """Write a certificate for an address to `name.crt`; return a file that has it and its key."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(crt), "-subj", f"/CN={name}", "-addext", f"subjectAltName={address}"]
    try:
        subprocess.run(
            [*command, *files, *(["-passout", f"pass:{password}"] if password else ["-nodes"])],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    both = folder / f"{name}.pem"
    both.write_text(crt.read_text() + key.read_text())
    return both
