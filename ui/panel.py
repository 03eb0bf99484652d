"""What stands below a section's settings for what a field cannot do: the part that every panel shares."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from ui.setting_row import SettingRow
from ui.widgets import label


class Panel(QFrame):
    """A card with a heading. ``changed`` asks for a setting's new value, as a row does."""

    changed = Signal(str, str)  # name, value

    def __init__(self, title: str, words: str) -> None:
        super().__init__()
        self._about = f"{title} {words}".casefold()
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(16, 12, 16, 12)
        self.rows.setSpacing(8)
        self.rows.addWidget(label(title, "strong"))
        self.rows.addWidget(label(words, "small", wrap=True))

    def refresh(self) -> None:
        """The settings were opened: what is shown may be out of date."""

    def show_settings(self, settings: Mapping[str, SettingRow]) -> None:
        """The values in force, by name."""

    def matches(self, words: str) -> bool:
        """Whether every word of ``words`` stands in the panel's own words."""
        return all(word in self._about for word in words.casefold().split())
