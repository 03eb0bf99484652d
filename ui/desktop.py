"""Puts the desktop app together: windows, tray and bridge, and what happens between them.

The one place that knows all of them. Recording starts here, and only after consent.
"""

from __future__ import annotations

import signal
import socket
import tomllib
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.paths import Paths, user_paths
from app.protocol import Moments, SettingInfo, Status
from ui import text
from ui.bridge import Bridge
from ui.controls import Controls
from ui.first_choices import FirstChoices
from ui.history_window import HistoryWindow
from ui.hotkeys import Hotkeys
from ui.i18n import speak
from ui.immortal import keep_singletons
from ui.key_field import KeyField
from ui.pictures import Pictures
from ui.presence import Link, Presence, presence
from ui.settings_window import SettingsWindow
from ui.single import Single
from ui.snip import Snip
from ui.theme import Theme, forget_icons
from ui.timeline_window import TimelineWindow
from ui.tray import Tray
from ui.welcome import Welcome
from ui.window import AskWindow

if TYPE_CHECKING:
    from ui.memory_panel import MemoryPanel

LONGEST_SHUTDOWN_MS = 15_000  # an engine that saves for longer finishes without the desktop
TRAY_EVERY_MS = 3_000  # how often a tray is looked for that was not there; after the first time it is told
SINCE_EVERY_MS = 60_000  # how often the oldest moment is looked up: old ones are thinned out


class Desktop(QObject):
    """The running desktop app. ``start`` shows it, ``quit`` ends it."""

    def __init__(self, application: QApplication, paths: Paths, bridge: Bridge) -> None:
        super().__init__()
        self._application = application
        self._paths = paths
        self.bridge = bridge
        self.theme = Theme(application)
        self.theme.set_scheme(scheme(paths))
        self.controls = Controls(self.theme, bridge)
        self.pictures = Pictures(bridge)
        self.window = AskWindow(self.theme, bridge, self.controls, self.pictures)
        self.tray = Tray(self.theme, self.controls)
        self.snip = Snip(self.theme, aside=self.window)
        self.hotkeys = Hotkeys()
        self._hotkey_trouble = ""
        self.welcome: Welcome | None = None
        self.settings: SettingsWindow | None = None
        self.timeline: TimelineWindow | None = None
        self.history: HistoryWindow | None = None
        self.memory: MemoryPanel | None = None
        self._link, self._trouble = Link.STARTING, ""
        self._status: Status | None = None
        self._values: dict[str, str] = {}  # of the settings
        self._told = ""  # the newest of the engine's notices that was shown
        self._may_begin = False  # recording was not yet begun on this connection
        self._oldest_ticket = 0
        self._newest_ticket = 0
        self._consenting = 0  # the ticket of writing the consent down
        self._goodbye = 0  # the ticket of the engine's shutdown; -1: it goes on
        self.ended = False
        self._trayless = False  # it was told
        self._tray_watch = QTimer(self)
        self._tray_watch.timeout.connect(self._look_for_tray)
        self._since = QTimer(self, interval=SINCE_EVERY_MS)
        self._since.timeout.connect(self._look_up_since)
        self._wire()

    @property
    def presence(self) -> Presence:
        return presence(self._link, self._status, self._trouble)

    def start(self) -> None:
        """Shows what belongs on the screen now and lets the bridge connect."""
        self._application.setQuitOnLastWindowClosed(False)
        if self.tray.available:
            self.tray.show()
        else:
            self._tray_watch.start(TRAY_EVERY_MS)  # at log-in it often comes later
        self._show_presence()
        if consented(self._paths):
            self.window.summon()
        else:
            self._welcome()
        self.bridge.start()
        self._since.start()

    def show_settings(self) -> None:
        """Opens the settings, or brings them to the front."""
        if self.settings is None:
            self.settings = SettingsWindow(self.theme, self.bridge)
            self.settings.taken.connect(self._setting_taken)
        self.settings.show()
        self.settings.raise_()
        self.settings.activateWindow()

    def show_timeline(self) -> None:
        """Opens the timeline, or brings it to the front."""
        if self.timeline is None:
            self.timeline = TimelineWindow(self.theme, self.bridge, self.pictures, self.controls)
            self.timeline.opened.connect(self.window.open_moments)
            self.timeline.asked_about.connect(self.window.ask_about)
        self.timeline.show()
        self.timeline.raise_()
        self.timeline.activateWindow()

    def show_history(self) -> None:
        """Opens what was asked before, or brings it to the front."""
        if self.history is None:
            self.history = HistoryWindow(self.theme, self.bridge)
            self.history.opened.connect(self.window.restore)
            self.controls.forgotten.connect(self.history.refresh)
        self.history.show()
        self.history.raise_()
        self.history.activateWindow()

    def show_memory(self) -> None:
        """Opens the memory panel, or brings it to the front."""
        from ui.memory_panel import MemoryPanel  # its charts take a while to load, and few look at them every day

        if self.memory is None:
            self.memory = MemoryPanel(self.theme, self.bridge)
        self.memory.show()
        self.memory.raise_()
        self.memory.activateWindow()

    def quit(self) -> None:
        """Ends the desktop; the engine too, unless the settings keep it recording."""
        if self._goodbye:
            return
        self._goodbye = -1  # first, because a window that is closed may ask to quit as well
        self._application.closeAllWindows()
        if self._values.get("desktop.keep_recording") == "true" or self._link is not Link.CONNECTED:
            self._end()
            return
        self._goodbye = self.bridge.shut_engine_down()
        QTimer.singleShot(LONGEST_SHUTDOWN_MS, self, self._end)

    def _look_for_tray(self) -> None:
        if self.tray.available:
            self._tray_watch.stop()
            self.tray.show()
        elif not self._trayless:
            self._trayless = True
            self.window.say_no_tray()

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        self._tray_watch.stop()
        self.hotkeys.stop()
        self.tray.hide()
        self.bridge.stop()
        self._application.quit()

    def dispose(self) -> None:
        """Destroys every window while Qt is still whole: at the interpreter's end the order would be anybody's."""
        self.tray.hide()
        self.tray.menu.deleteLater()
        if self.memory is not None:
            self.memory.chart.end()
        for widget in QApplication.topLevelWidgets():
            widget.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        forget_icons()

    # --- wiring -------------------------------------------------------------------------------------------------

    def _wire(self) -> None:
        self.bridge.link_changed.connect(self._link_changed)
        self.bridge.status_changed.connect(self._status_changed)
        self.bridge.settings_fetched.connect(self._settings_fetched)
        self.bridge.moments_fetched.connect(self._moments_fetched)
        self.bridge.done.connect(self._done)
        self.bridge.failed.connect(self._failed)
        self.controls.forgotten.connect(self.pictures.forget)
        self.controls.forgotten.connect(self._look_up_since)
        self.tray.ask_wanted.connect(self.window.summon)
        self.tray.quit_wanted.connect(self.quit)
        self.window.quit_wanted.connect(self.quit)
        self.window.settings_wanted.connect(self.show_settings)
        self.tray.settings_wanted.connect(self.show_settings)
        self.tray.snip_wanted.connect(self.snip.start)
        self.window.snip_wanted.connect(self.snip.start)
        self.snip.chosen.connect(self._snipped)
        self.snip.failed.connect(self.window.tell)
        self.hotkeys.pressed.connect(self._hotkey)
        self.window.timeline_wanted.connect(self.show_timeline)
        self.tray.timeline_wanted.connect(self.show_timeline)
        self.tray.memory_wanted.connect(self.show_memory)
        self.window.history_wanted.connect(self.show_history)
        self.window.memory_wanted.connect(self.show_memory)
        self.window.closed.connect(self._window_closed)

    def _link_changed(self, link: Link, trouble: str) -> None:
        self._link, self._trouble = link, trouble
        if link is Link.CONNECTED:
            self._may_begin = True
            self.bridge.fetch_settings()
            self._look_up_since()
        elif link is not Link.SILENT:
            self._status = None
        self._show_presence()

    def _status_changed(self, status: Status) -> None:
        began = status.moments > 0 and (self._status is None or not self._status.moments)
        self._status = status
        self._show_presence()
        if began:
            self._look_up_since()
        self.window.show_status(status)
        if status.notices and status.notices[0] != self._told:
            self._told = status.notices[0]
            self.window.tell(text.plain(status.notices[0], 1000))
        self._begin()

    def _show_presence(self) -> None:
        now = self.presence
        self.window.show_presence(now)
        self.tray.follow(now)
        self.controls.follow(now)

    def _settings_fetched(self, _ticket: int, settings: tuple[SettingInfo, ...]) -> None:
        self._values = {setting.name: setting.value for setting in settings}
        if self._consenting:  # asked for before the answer was written down
            self._values["desktop.consent"] = "true"
        self._listen()
        self.theme.set_scheme(self._values.get("desktop.theme", "system"))
        self._begin()

    def _begin(self) -> None:
        """Starts recording once a connection, where the user agreed to it and wants it."""
        if not self._may_begin or not self._values or self._status is None:
            return
        if self._values.get("desktop.consent") != "true":
            return
        self._may_begin = False
        if self._status.state == "idle" and self._values.get("desktop.record_on_start") != "false":
            self.controls.start.trigger()

    def _listen(self) -> None:
        trouble = self.hotkeys.listen(
            {"ask": self._values.get("desktop.hotkey_ask", ""), "snip": self._values.get("desktop.hotkey_snip", "")}
        )
        if trouble and trouble != self._hotkey_trouble:
            self.window.tell(trouble)
        self._hotkey_trouble = trouble
        QTimer.singleShot(0, self, self._warn_of_keys)  # after the settings have shown the new values

    def _warn_of_keys(self) -> None:
        if self.settings is not None and self._hotkey_trouble:
            self.settings.warn_of_keys(self._hotkey_trouble)

    def _hotkey(self, name: str) -> None:
        if isinstance(QApplication.focusWidget(), KeyField) or (
            self.welcome is not None and self.welcome.isVisible()
        ):
            return  # the keys are only being chosen
        if name == "snip":
            self.snip.start()
        else:
            self.window.summon()

    def _snipped(self, picture: QImage) -> None:
        self.window.composer.attach(picture, self.tr("About a part of the screen"))
        self.window.summon()

    def _welcome(self) -> None:
        choices = FirstChoices(self.bridge, self.hotkeys.probe)
        self.welcome = Welcome(self.theme, str(self._paths.data), choices)
        self.welcome.answered.connect(self._consent)
        self.welcome.show()

    def _consent(self, given: bool) -> None:
        if given:
            self._make_choices()
            self._values["desktop.consent"] = "true"
            self._consenting = self.bridge.change_setting("desktop.consent", "true")
            self._may_begin = True
            self._begin()
        else:
            self.window.tell(self.tr("Nothing is recorded until you press Start recording."))
        self.window.summon()

    def _make_choices(self) -> None:
        """What the first run's last page says becomes the settings; a model that is not here yet is fetched."""
        choices = self.welcome.choices if self.welcome is not None else None
        if choices is None:
            return
        for name, value in choices.settings.items():
            self._values[name] = value
            self.bridge.change_setting(name, value)
        self._listen()
        if choices.download:
            self.show_settings()
            if self.settings is not None:
                self.settings.download_model(choices.download)

    def _setting_taken(self, name: str, value: str) -> None:
        if name == "privacy.memory_only" and value == "true" and self._status is not None and self._status.moments:
            self.controls.offer_to_forget()

    def _window_closed(self) -> None:
        if not self.tray.available:
            self.quit()

    def _done(self, ticket: int, _answer: object) -> None:
        if ticket == self._goodbye:
            self._end()
        elif ticket == self._consenting:
            self._consenting = 0
            self.bridge.fetch_settings()

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._goodbye:
            self._end()
        elif ticket == self._consenting:
            self._consenting = 0
            self.window.tell(f"{message} {remedy}".strip())

    # --- since when -----------------------------------------------------------------------------------------------

    def _look_up_since(self) -> None:
        if self._link is Link.CONNECTED:
            self._newest_ticket = self.bridge.fetch_moments(limit=1)

    def _moments_fetched(self, ticket: int, moments: Moments) -> None:
        if ticket == self._newest_ticket:
            if moments.total:
                self._oldest_ticket = self.bridge.fetch_moments(limit=1, offset=moments.total - 1)
            else:
                self.window.show_since("")
        elif ticket == self._oldest_ticket and moments.moments:
            self.window.show_since(text.moment_time(moments.moments[0].time, inside=True))


def consented(paths: Paths) -> bool:
    """Whether the settings file says that the user agreed to recording. The engine judges the file; this only
    decides which window is shown first, before an engine answers."""
    return _in_file(paths, "consent") is True


def language(paths: Paths) -> str:
    """The language that the settings file asks for, whether there is such a one or not."""
    return str(_in_file(paths, "language"))


def scheme(paths: Paths) -> str:
    """The theme that the settings file asks for; the system's where it asks for none that there is."""
    asked = _in_file(paths, "theme")
    return asked if asked in ("light", "dark") else "system"


def _in_file(paths: Paths, key: str) -> object:
    """A setting of the desktop's as it stands in the file; None where it does not."""
    try:
        with paths.settings.open("rb") as file:
            return tomllib.load(file).get("desktop", {}).get(key)
    except (OSError, tomllib.TOMLDecodeError, AttributeError, UnicodeDecodeError):
        return None


def run(arguments: list[str] | None = None) -> int:
    """The desktop app, until it is quit; the exit status."""
    keep_singletons()
    application = QApplication(arguments or ["afterimage"])
    application.setApplicationName("Afterimage")
    application.setDesktopFileName("afterimage")
    paths = user_paths()
    speak(application, language(paths))
    single = Single(str(paths.data))
    if not single.first():
        return 0
    desktop = Desktop(application, paths, Bridge(paths))
    single.summoned.connect(desktop.window.summon)
    release = _on_signals(desktop.quit)
    desktop.start()
    status = application.exec()
    release()
    single.close()
    desktop.dispose()
    return status


def _on_signals(call: Callable[[], None]) -> Callable[[], None]:
    """Calls ``call`` on the main thread when the process is asked to end; returns what undoes it."""
    inside, outside = socket.socketpair()
    inside.setblocking(False)
    outside.setblocking(False)
    notifier = QSocketNotifier(outside.fileno(), QSocketNotifier.Type.Read)

    def heard() -> None:
        outside.recv(64)
        call()

    notifier.activated.connect(heard)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.set_wakeup_fd(inside.fileno(), warn_on_full_buffer=False)

    def release() -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        notifier.setEnabled(False)
        inside.close()
        outside.close()

    return release
