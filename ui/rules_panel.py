"""Which of the windows on the screen now the privacy rules hide: live, and with the rules as they are being typed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
)

from app.protocol import WindowInfo, Windows
from ui import text
from ui.bridge import Bridge
from ui.i18n import engine_says
from ui.panel import Panel
from ui.setting_row import SettingRow, as_list, entries
from ui.theme import Theme
from ui.widgets import label

EVERY_MS = 1000
LINES = 7
APPLICATIONS, TITLES, PRIVATE = "privacy.applications", "privacy.titles", "privacy.private_browsing"


class RulesPanel(Panel):
    """Asks the engine once a second while it is shown. A chosen window's application or title can be excluded."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(
            _tr("Open windows now"),
            _tr("What the rules above do to each of them, also while you type a rule. Choose one to exclude it."),
        )
        self._theme, self._bridge = theme, bridge
        self._settings: Mapping[str, SettingRow] = {}
        self._ticket = 0
        self._shown: tuple[WindowInfo, ...] | None = None
        self.list = QTreeWidget()
        self.list.setHeaderLabels([_tr("Application"), _tr("Title"), _tr("What happens")])
        self.list.setAccessibleName(_tr("Open windows and what the rules do to them"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setFixedHeight(self.fontMetrics().lineSpacing() * (LINES + 1) + 40)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.header().setStretchLastSection(False)  # it would share the room, and what happens would be cut
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.trouble = label(role="failure", wrap=True)
        self.trouble.hide()
        self.exclude_application = QPushButton(_tr("Exclude this application"))
        self.exclude_title = QPushButton(_tr("Exclude this title"))
        buttons = QHBoxLayout()
        buttons.addWidget(self.exclude_application)
        buttons.addWidget(self.exclude_title)
        buttons.addStretch(1)
        for widget in (self.list, self.trouble):
            self.rows.addWidget(widget)
        self.rows.addLayout(buttons)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        self.list.currentItemChanged.connect(lambda *_: self._follow_choice())
        self.exclude_application.clicked.connect(self._exclude_application)
        self.exclude_title.clicked.connect(self._exclude_title)
        bridge.windows_fetched.connect(self._fetched)
        bridge.failed.connect(self._failed)
        self._follow_choice()

    def show_settings(self, settings: Mapping[str, SettingRow]) -> None:
        first = self._settings is not settings
        self._settings = settings
        if first:
            for name in (APPLICATIONS, TITLES):
                settings[name].edited.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Asks what the rules do, as they stand in the editors."""
        if self._settings and self.isVisible():
            self._ticket = self._bridge.fetch_windows(
                tuple(entries(self._settings[APPLICATIONS].draft)),
                tuple(entries(self._settings[TITLES].draft)),
                private_browsing=self._settings[PRIVATE].draft == "true",
            )

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self._timer.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def _fetched(self, ticket: int, told: Windows) -> None:
        if ticket != self._ticket:
            return
        self.trouble.setVisible(not told.listed)
        self.trouble.setText(_tr("This desktop does not tell which windows are open, so no rule can be kept here."))
        if told.windows == self._shown:
            return  # the choice and the scrolling stay where they are
        chosen = self._chosen()
        self._shown = told.windows
        self.list.clear()
        for window in told.windows:
            item = QTreeWidgetItem(
                [text.plain(window.application, 100) or "?", text.plain(window.title, 200), _outcome(window)]
            )
            colour = self._theme.colours.shielded if window.rule else self._theme.colours.muted
            item.setForeground(2, QColor(colour))
            self.list.addTopLevelItem(item)
            if chosen is not None and (window.application, window.title) == (chosen.application, chosen.title):
                self.list.setCurrentItem(item)
        self._follow_choice()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket:
            self.trouble.setText(text.plain(f"{message} {remedy}".strip(), 500))
            self.trouble.show()

    def _chosen(self) -> WindowInfo | None:
        current = self.list.currentItem()
        place = -1 if current is None else self.list.indexOfTopLevelItem(current)
        return self._shown[place] if self._shown and 0 <= place < len(self._shown) else None

    def _follow_choice(self) -> None:
        chosen = self._chosen()
        open_to_rules = chosen is not None and not chosen.rule
        self.exclude_application.setEnabled(open_to_rules and bool(chosen and chosen.application))
        self.exclude_title.setEnabled(open_to_rules and bool(chosen and chosen.title))

    def _exclude_application(self) -> None:
        if (chosen := self._chosen()) is not None:
            # Only the two signs that a rule reads in its own way: here they mean themselves no less.
            self._add(APPLICATIONS, re.sub(r"[*?\[]", "?", chosen.application))

    def _exclude_title(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._add(TITLES, f"^{re.escape(chosen.title)}$")

    def _add(self, name: str, rule: str) -> None:
        self.changed.emit(name, as_list([*entries(self._settings[name].draft), rule]))


def _outcome(window: WindowInfo) -> str:
    if not window.rule:
        return _tr("Recorded")
    return _tr("Hidden by: {rule}").format(rule=text.plain(engine_says(window.rule), 60))


def _tr(source: str) -> str:
    return QCoreApplication.translate("RulesPanel", source)
