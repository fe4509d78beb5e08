"""What all sections of an experiment file have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

# By setting, what its values were called before and are called now. In a file an old word is an error that names the
# new one; a result's identity keeps the old word, so that older results stay what they are.
RENAMED: dict[str, dict[str, str]] = {"protocol": {"seed": "course"}, "preset": {"seed": "course"}}


class Section(BaseModel):
    """Base of all sections: frozen, strict, no unknown keys.

    Attributes
    ----------
    later : frozenset of str
        Settings that were added later and whose defaults change nothing: there, they are no part of a result's
        identity, so that older results stay what they are.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True)
    later: ClassVar[frozenset[str]] = frozenset()

    def identity(self) -> dict[str, Any]:
        """Return the settings that name a result, as plain data."""
        defaults = {name: type(self).model_fields[name].default for name in self.later}
        kept = {
            name for name in type(self).model_fields if name not in defaults or getattr(self, name) != defaults[name]
        }
        settings = self.model_dump(mode="json", include=kept)
        for name, words in RENAMED.items():
            for old, new in words.items():
                if settings.get(name) == new:
                    settings[name] = old
        return settings


def each_once(names: tuple[Any, ...], order: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return names in this order, so that any order of theirs has one digest.

    Raises
    ------
    ValueError
        If one is there twice.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"each once, found {', '.join(names)}")
    return tuple(name for name in order if name in names)
