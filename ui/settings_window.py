"""The settings, made from what the engine says of each: nothing here knows a setting by name.

Some sections have a panel below their settings (ui/*_panel.py) for what a field cannot do. A change is sent at once
and shown as the engine took it, or the reason why it did not.
"""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from app.protocol import SettingInfo
from ui.bridge import Bridge
from ui.hotkeys import normal
from ui.models_panel import IndexPanel, ModelsPanel
from ui.panel import Panel
from ui.rules_panel import RulesPanel
from ui.setting_row import SettingRow
from ui.sources_panel import SourcesPanel
from ui.theme import Theme
from ui.widgets import Column, PageArea, label, open_at

SMALLEST = QSize(520, 400)


class SettingsWindow(QWidget):
    """Fetches the settings whenever it is shown. ``taken``: the engine has taken a new value."""

    taken = Signal(str, str)  # name, value as it was typed

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._bridge = theme, bridge
        self.rows: dict[str, SettingRow] = {}
        self._cards: list[tuple[QWidget, QFrame, list[SettingRow]]] = []  # heading, card, its rows
        self._changes: dict[int, tuple[str, str]] = {}  # ticket -> name, value
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Settings"))
        open_at(self, theme, 760, 720)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search the settings"))
        self.search.setAccessibleName(self.tr("Search the settings"))
        self.search.setClearButtonEnabled(True)
        self._waiting = label(self.tr("The engine is starting; its settings come in a moment."), "muted", wrap=True)
        self._nothing = label(self.tr("No setting has these words."), "muted")
        self._nothing.hide()
        self.sources, self.rules = SourcesPanel(theme, bridge), RulesPanel(theme, bridge)
        self.index, self.models = IndexPanel(theme, bridge), ModelsPanel(theme, bridge)
        self._panels: dict[str, Panel] = {
            "capture": self.sources,
            "privacy": self.rules,
            "timeline": self.index,
            "model": self.models,
        }
        for panel in self._panels.values():
            panel.changed.connect(self._change)
            panel.setParent(self)
            panel.hide()
        self._column = Column(widest=theme.scaled(700))
        self._column.rows.setContentsMargins(0, 16, 0, 20)
        self._column.rows.setSpacing(8)
        self._column.rows.addStretch(1)  # takes what room is left, so that the cards do not
        for widget in (self.search, self._waiting, self._nothing):
            self._append(widget)
        area = PageArea(self._column, SMALLEST)
        area.setAccessibleName(self.tr("Settings"))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(area)

        self.search.textChanged.connect(self._filter)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)
        bridge.settings_fetched.connect(self._fetched)
        bridge.done.connect(self._taken)
        bridge.failed.connect(self._refused)

    def warn_of_keys(self, trouble: str) -> None:
        """Says beside the keys that it names, or beside all of them, what is wrong with them."""
        keys = [row for row in self.rows.values() if row.setting.type == "keys"]
        named = [row for row in keys if row.value and normal(row.value) in trouble]
        for row in named or keys:
            row.warn(trouble)

    def download_model(self, name: str) -> None:
        """Begins a download where its progress can be seen."""
        self.models.download(name)
        self.search.setText(self.models.accessibleName())

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(760, 720)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self._bridge.fetch_settings()
        for panel in self._panels.values():
            panel.refresh()
        self.search.setFocus()

    def _fetched(self, _ticket: int, settings: tuple[SettingInfo, ...]) -> None:
        self._waiting.hide()
        if list(self.rows) != [setting.name for setting in settings]:
            self._build(settings)
        for setting in settings:
            if self.rows[setting.name].value != setting.value:
                self.rows[setting.name].show_value(setting.value)
        for panel in self._panels.values():
            panel.show_settings(self.rows)

    def _build(self, settings: tuple[SettingInfo, ...]) -> None:
        for heading, card, _rows in self._cards:
            heading.deleteLater()
            card.deleteLater()
        self._cards.clear()
        self.rows.clear()
        for section, group in groupby(settings, key=lambda setting: setting.name.split(".")[0]):
            heading = label(_section(section), "heading")
            heading.setContentsMargins(2, 14, 0, 0)
            card = QFrame()
            card.setProperty("role", "card")
            inside = QVBoxLayout(card)
            inside.setContentsMargins(0, 4, 0, 4)
            inside.setSpacing(0)
            rows = [self._row(setting) for setting in group]
            for row in rows:
                inside.addWidget(row)
            self._append(heading)
            self._append(card)
            self._cards.append((heading, card, rows))
            if section in self._panels:
                self._append(self._panels[section])
                self._panels[section].show()
        self._filter(self.search.text())

    def _append(self, widget: QWidget) -> None:
        self._column.rows.insertWidget(self._column.rows.count() - 1, widget)

    def _row(self, setting: SettingInfo) -> SettingRow:
        row = SettingRow(self._theme, setting)
        row.changed.connect(self._change)
        self.rows[setting.name] = row
        return row

    def _change(self, name: str, value: str) -> None:
        self._changes[self._bridge.change_setting(name, value)] = (name, value)

    def _taken(self, ticket: int, _answer: object) -> None:
        name, value = self._changes.pop(ticket, ("", ""))
        if name:
            # As the engine wrote it down, which need not be as it was typed; others may look at it too.
            self._bridge.fetch_settings()
            self.taken.emit(name, value)

    def _refused(self, ticket: int, message: str, remedy: str) -> None:
        name, _value = self._changes.pop(ticket, ("", ""))
        if name in self.rows:
            row = self.rows[name]
            # Its name in the file, and the command that explains it, are for a terminal: the row says what it is.
            explained = "" if f"settings get {name}" in remedy else remedy
            row.refuse(f"{message.replace(name, row.title, 1)} {explained}".strip())

    def _filter(self, words: str) -> None:
        found = False
        for heading, card, rows in self._cards:
            any_row = False
            for row in rows:
                row.setVisible(row.matches(words))
                any_row = any_row or row.matches(words)
            heading.setVisible(any_row)
            card.setVisible(any_row)
            found = found or any_row
        for panel in self._panels.values():
            shown = bool(self._cards) and panel.matches(words)
            panel.setVisible(shown)
            found = found or shown
        self._nothing.setVisible(bool(self._cards) and not found)


def _section(name: str) -> str:
    known = {
        "capture": QCoreApplication.translate("Settings", "Recording"),
        "privacy": QCoreApplication.translate("Settings", "Privacy"),
        "timeline": QCoreApplication.translate("Settings", "Timeline"),
        "model": QCoreApplication.translate("Settings", "Model"),
        "engine": QCoreApplication.translate("Settings", "Engine"),
        "desktop": QCoreApplication.translate("Settings", "Desktop"),
    }
    return known.get(name, name.capitalize())
