"""What all tests share: the validation data where they are present, and a seeded hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["databases"]

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run: a test that fails once fails again.
settings.register_profile("perilune", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("perilune")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published data beside the checkout; tests that need it skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the validation data are not at {folder}")
    return folder
