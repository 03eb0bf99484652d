"""The bar on top of the ask window: what the engine is doing, pause and resume, and the way to everything else."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton

from ui.controls import Controls
from ui.presence import Light, Presence
from ui.theme import Theme
from ui.widgets import RecordingLight, follow, label, light_colour, tool_button


class WindowBar(QFrame):
    """Its buttons and the entries of its menu ask for what they name."""

    new_wanted = Signal()
    settings_wanted = Signal()
    timeline_wanted = Signal()
    history_wanted = Signal()
    memory_wanted = Signal()
    snip_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, theme: Theme, controls: Controls) -> None:
        super().__init__()
        self._theme, self._controls = theme, controls
        self._presence: Presence | None = None
        self.setProperty("role", "bar")
        self._light = RecordingLight(self._theme)
        self._state = label(role="strong")
        self._pause = tool_button(self._theme, "pause", self.tr("Pause"), words=True)
        self._pause.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._pause.setMenu(self._controls.pause_menu(self))
        self._resume = tool_button(self._theme, "play", self.tr("Resume"), words=True)
        self._resume.clicked.connect(self._resume_or_start)
        self._snip = tool_button(self._theme, "snip", self.tr("Snip and ask"))
        self._snip.clicked.connect(self.snip_wanted)
        self._timeline = tool_button(self._theme, "timeline", self.tr("Timeline"))
        self._timeline.clicked.connect(self.timeline_wanted)
        self._memory = tool_button(self._theme, "growth", self.tr("Memory"))
        self._memory.clicked.connect(self.memory_wanted)
        self._settings = tool_button(self._theme, "settings", self.tr("Settings"))
        self._settings.clicked.connect(self.settings_wanted)
        self._more = tool_button(self._theme, "more", self.tr("More"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._more_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(4)
        row.addWidget(self._light)
        row.addSpacing(4)
        row.addWidget(self._state)
        row.addStretch(1)
        for widget in (
            self._pause,
            self._resume,
            self._snip,
            self._timeline,
            self._memory,
            self._settings,
            self._more,
        ):
            row.addWidget(widget)
        follow(self._theme, self, self._colour_state)

    def _more_menu(self) -> QMenu:
        # These actions are the shortcuts too: a second shortcut of the same keys would make both ambiguous.
        menu = QMenu(self)
        menu.addAction(self.tr("New conversation"), QKeySequence(QKeySequence.StandardKey.New), self.new_wanted.emit)
        menu.addAction(self.tr("History…"), QKeySequence("Ctrl+H"), self.history_wanted.emit)
        menu.addAction(self.tr("Timeline"), QKeySequence("Ctrl+T"), self.timeline_wanted.emit)
        menu.addAction(self.tr("Memory"), QKeySequence("Ctrl+M"), self.memory_wanted.emit)
        menu.addAction(self.tr("Settings"), QKeySequence("Ctrl+,"), self.settings_wanted.emit)
        menu.addSeparator()
        menu.addActions([self._controls.forget_ten, self._controls.forget_hour, self._controls.forget_today])
        menu.addSeparator()
        menu.addAction(self.tr("Quit"), QKeySequence("Ctrl+Q"), self.quit_wanted.emit)
        return menu

    def show_presence(self, presence: Presence) -> None:
        """Follows the engine: light, words, and what can be pressed."""
        self._light.show_presence(presence)
        self._state.setText(presence.title)
        self._resume.setText(self.tr("Resume") if presence.can_resume else self.tr("Start recording"))
        stopped = presence.can_resume or presence.can_start
        going, coming = (self._pause, self._resume) if stopped else (self._resume, self._pause)
        had_keyboard = (
            going.hasFocus()
        )  # asked first: what is disabled or hidden hands it to whatever stands beside it
        self._pause.setEnabled(presence.can_pause)
        coming.show()
        if had_keyboard:
            coming.setFocus()
        going.hide()
        self._presence = presence
        self._colour_state()

    @property
    def light(self) -> Light:
        return self._light.light

    def _resume_or_start(self) -> None:
        if self._presence is not None and self._presence.can_start:
            self._controls.start.trigger()
        else:
            self._controls.resume.trigger()

    def _colour_state(self) -> None:
        if self._presence is not None:
            # Recording is the ordinary state: the light has the colour, the word stays calm.
            ordinary = self._presence.light is Light.RECORDING
            shade = self._theme.colours.text if ordinary else light_colour(self._theme.colours, self._presence.light)
            self._state.setStyleSheet(f"color: {shade}")
