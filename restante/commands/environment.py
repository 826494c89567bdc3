"""The working folder and the settings of a command."""

from __future__ import annotations

import os
from pathlib import Path

from restante.settings import Settings, files_of

HERE = Path(__file__).resolve().parent.parent.parent


def read_settings() -> Settings:
    """Read the settings, with paths relative to the checkout, not to the current folder.

    Raises:
        SettingsInvalid: Names every problem at once.
    """
    os.chdir(HERE)
    return Settings.from_env(os.environ)


def settings_files() -> dict[str, Path]:
    """Return the files that settings come from, by the name of the setting."""
    return files_of(os.environ)
