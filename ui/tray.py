"""The tray icon: the engine's state at a glance, and the whole menu.

Where the desktop has no tray, nothing is shown and the window carries the same controls.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QAction, QIcon, QPainter
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from ui.controls import Controls
from ui.presence import Light, Presence
from ui.theme import Theme, brand_icon


class Tray(QObject):
    """Owns icon and menu. The first entry says in words what the icon says."""

    ask_wanted = Signal()
    snip_wanted = Signal()
    timeline_wanted = Signal()
    memory_wanted = Signal()
    settings_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, theme: Theme, controls: Controls) -> None:
        super().__init__()
        self._theme = theme
        self.light = Light.RESTARTING
        self.camera = False
        self._icon = QSystemTrayIcon(brand_icon("tray-restarting"))
        self.menu = QMenu()
        self._state = self.menu.addAction("")
        self._state.setEnabled(False)
        self.menu.addSeparator()
        self._entry(self.tr("Ask…"), "ask", self.ask_wanted)
        self._entry(self.tr("Snip and ask…"), "snip", self.snip_wanted)
        self.menu.addSeparator()
        self.menu.addAction(controls.resume)
        self.menu.addAction(controls.start)
        self._pause = self.menu.addMenu(controls.pause_menu(self.menu))
        self._forget = self.menu.addMenu(controls.forget_menu(self.menu))
        self.menu.addSeparator()
        self._entry(self.tr("Open the timeline"), "timeline", self.timeline_wanted)
        self._entry(self.tr("Memory"), "growth", self.memory_wanted)
        self._entry(self.tr("Settings…"), "settings", self.settings_wanted)
        self.menu.addSeparator()
        self._entry(self.tr("Quit"), "quit", self.quit_wanted)
        self._icon.setContextMenu(self.menu)
        self._icon.activated.connect(self._activated)
        theme.changed.connect(self._draw)
        self._draw()

    @property
    def available(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def words(self) -> str:
        """What the pointer over the icon says."""
        return self._icon.toolTip()

    def show(self) -> None:
        self._icon.show()

    def hide(self) -> None:
        self._icon.hide()

    def follow(self, presence: Presence) -> None:
        self._icon.setToolTip(f"Afterimage: {presence.sentence}")
        self._state.setText(presence.sentence.replace("&", "&&"))
        self._pause.setEnabled(presence.can_pause)
        self._forget.setEnabled(presence.can_ask)
        if (presence.light, presence.camera) != (self.light, self.camera):
            self.light, self.camera = presence.light, presence.camera
            icon = brand_icon(f"tray-{presence.light}")
            self._icon.setIcon(with_camera(icon) if presence.camera else icon)

    def _entry(self, words: str, icon: str, signal: SignalInstance) -> QAction:
        action = self.menu.addAction(words)
        action.setData(icon)
        action.triggered.connect(signal)
        return action

    def _draw(self) -> None:
        for action in self.menu.actions():
            if isinstance(action.data(), str) and action.data():
                action.setIcon(self._theme.icon(action.data()))
        self._pause.setIcon(self._theme.icon("pause"))
        self._forget.setIcon(self._theme.icon("trash"))

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in {QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick}:
            self.ask_wanted.emit()


def with_camera(icon: QIcon) -> QIcon:
    """The icon with the sign that a camera is on."""
    made = QIcon()
    badge = brand_icon("camera-on")
    for size in icon.availableSizes():
        picture = icon.pixmap(size)
        painter = QPainter(picture)
        side = size.width() * 5 // 9
        badge.paint(painter, size.width() - side, size.height() - side, side, side)
        painter.end()
        made.addPixmap(picture)
    return made
