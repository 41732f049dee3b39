"""Distributions that look installed."""

import pytest

from tests.doctor.sources import write


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A function that makes a distribution look installed, before any real one of that name."""
    monkeypatch.syspath_prepend(tmp_path / "site")

    def install(name: str, version: str, *requires: str) -> None:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires]
        write(tmp_path / "site", {f"{name}-{version}.dist-info/METADATA": "\n".join(lines) + "\n"})

    return install
