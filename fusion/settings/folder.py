"""Settings of sounds of your own: a folder of sounds for each class."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from fusion.settings.own_sounds import OwnSettings


class FolderSettings(OwnSettings):
    """Sounds of your own, of any length: ``<class>/*.wav`` (or .flac, .ogg, .mp3, ...), below ``--data DIR``."""

    name: Literal["folder"] = "folder"
    group: str | None = Field(
        default=None,
        description="clips that are never divided: parent (the first folder below the class' names their group) or a "
        "regular expression with (?P<group>...), searched in <class>/.../<file>; null: each file alone, with a warning",
    )

    @field_validator("group")
    @classmethod
    def _names_groups(cls, group: str | None) -> str | None:
        if group in (None, "parent"):
            return group
        try:
            named = re.compile(group).groupindex
        except re.error as error:
            raise ValueError(f"no regular expression ({error}), and not parent: {group!r}") from None
        if "group" not in named:
            raise ValueError(
                f"should be parent, or a regular expression with the named group (?P<group>...), found {group!r}"
            )
        return group

    @property
    def several(self) -> bool:
        """Whether a test clip may have several labels."""
        return False

    @property
    def threshold(self) -> None:
        """A clip has one label, the class with the largest score."""
        return None
