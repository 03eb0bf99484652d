"""Which monitors are recorded, or which part of the desktop: chosen by looking, not by typing names."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QRect
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from app.protocol import MonitorInfo
from ui import text
from ui.bridge import Bridge
from ui.panel import Panel
from ui.setting_row import SettingRow, as_list, entries
from ui.snip import Snip
from ui.theme import Theme
from ui.widgets import Switch, label

MONITORS, REGION = "capture.monitors", "capture.region"


class SourcesPanel(Panel):
    """A switch for each monitor there is. All of them on is "all monitors", those that come later included."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(
            _tr("Monitors and region"),
            _tr("Recorded are the monitors that are on here, or only a region of the desktop."),
        )
        self._theme, self._bridge = theme, bridge
        self._settings: Mapping[str, SettingRow] = {}
        self._monitors: tuple[MonitorInfo, ...] = ()
        self._ticket = 0
        self.switches: dict[str, Switch] = {}
        self.snip = Snip(theme)
        self.snip.placed.connect(self._placed)
        self.snip.failed.connect(self._say)
        self._places = QVBoxLayout()
        self.words = label(role="small", wrap=True)
        self.choose_region = QPushButton(_tr("Choose a region on the screen…"))
        self.choose_region.clicked.connect(self.snip.start)
        self.whole = QPushButton(_tr("Record whole monitors"))
        self.whole.clicked.connect(lambda: self.changed.emit(REGION, ""))
        buttons = QHBoxLayout()
        buttons.addWidget(self.choose_region)
        buttons.addWidget(self.whole)
        buttons.addStretch(1)
        self.rows.addLayout(self._places)
        self.rows.addWidget(self.words)
        self.rows.addLayout(buttons)
        bridge.monitors_fetched.connect(self._fetched)
        bridge.failed.connect(self._failed)

    def refresh(self) -> None:
        self._ticket = self._bridge.fetch_monitors()

    def show_settings(self, settings: Mapping[str, SettingRow]) -> None:
        self._settings = settings
        self._show()

    def _fetched(self, ticket: int, monitors: tuple[MonitorInfo, ...]) -> None:
        if ticket != self._ticket:
            return
        if monitors != self._monitors:
            self._monitors = monitors
            for switch in self.switches.values():
                switch.deleteLater()
            self.switches = {monitor.name: self._switch(monitor) for monitor in monitors}
        self._show()

    def _switch(self, monitor: MonitorInfo) -> Switch:
        left, top, width, height = monitor.rect
        name = text.plain(monitor.name, 60)
        words = _tr("{name}: {width} × {height}, at {left}, {top}, scale {scale} %").format(  # noqa: RUF001
            name=name, width=width, height=height, left=left, top=top, scale=round(100 * monitor.scale)
        )
        switch = Switch(self._theme, words)
        switch.setAccessibleName(_tr("Record the monitor {name}").format(name=name))
        switch.clicked.connect(self._switched)
        self._places.addWidget(switch)
        return switch

    def _show(self) -> None:
        if not self._settings:
            return
        chosen, region = entries(self._settings[MONITORS].value), entries(self._settings[REGION].value)
        for name, switch in self.switches.items():
            switch.setChecked(not chosen or name in chosen)
            switch.setEnabled(not region)
        self.whole.setVisible(bool(region))
        if region:
            left, top, width, height = region
            said = _tr("Only a region is recorded: {width} × {height}, at {left}, {top}.")  # noqa: RUF001
            self._say(said.format(width=width, height=height, left=left, top=top))
        else:
            missing = [name for name in chosen if name not in self.switches] if self._monitors else []
            away = _tr("Chosen but not connected: {names}.").format(names=text.plain(", ".join(missing), 200))
            self._say(away if missing else "")

    def _switched(self) -> None:
        on = [name for name, switch in self.switches.items() if switch.isChecked()]
        if not on:
            self._show()
            self._say(_tr("One monitor has to stay on. To record nothing, pause."))
            return
        away = [name for name in entries(self._settings[MONITORS].value) if name not in self.switches]
        everything = len(on) == len(self.switches) and not away
        self.changed.emit(MONITORS, as_list([] if everything else [*on, *away]))

    def _placed(self, region: QRect) -> None:
        self.changed.emit(REGION, f"{region.x()}, {region.y()}, {region.width()}, {region.height()}")

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket:
            self._say(f"{message} {remedy}".strip())

    def _say(self, words: str) -> None:
        self.words.setText(text.plain(words, 500))
        self.words.setVisible(bool(words))


def _tr(source: str) -> str:
    return QCoreApplication.translate("SourcesPanel", source)
