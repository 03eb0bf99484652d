"""Models to answer with, their downloads and checks; and the timeline's index. Long work shows how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.protocol import ModelInfo
from ui import text
from ui.bridge import Bridge
from ui.i18n import engine_says
from ui.panel import Panel
from ui.setting_row import SettingRow
from ui.theme import Theme
from ui.widgets import label
from ui.work import WorkStrip

PATH = "model.path"


class ModelsPanel(Panel):
    """A row for each model. Nothing is downloaded unless its button is pressed."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(
            _tr("Models"),
            _tr("A download is the only thing that uses the network. It can be cancelled and goes on later."),
        )
        self._theme, self._bridge = theme, bridge
        self._ticket = 0
        self._cancelled = ""  # what is said of the work under way if it is cancelled
        self._models: tuple[ModelInfo, ...] = ()
        self.buttons: dict[tuple[str, str], QPushButton] = {}  # (model, "use" | "get" | "verify")
        self._lines: list[QWidget] = []
        self._places = QVBoxLayout()
        self.work = WorkStrip(bridge)
        self.work.ended.connect(self._ended)
        self.words = label(role="small", wrap=True)
        self.words.hide()
        self.rows.addLayout(self._places)
        self.rows.addWidget(self.work)
        self.rows.addWidget(self.words)
        bridge.models_fetched.connect(self._fetched)

    def refresh(self) -> None:
        self._ticket = self._bridge.fetch_models()

    def show_settings(self, settings: Mapping[str, SettingRow]) -> None:
        del settings
        self.refresh()  # the chosen one may be another

    def download(self, name: str) -> None:
        """Begins the download of a published model, to answer with it afterwards."""
        self.words.hide()
        self._cancelled = _tr("Cancelled. What was downloaded stays for the next try.")
        self.work.follow(self._bridge.fetch_model(name, use=True), _tr("Downloading {name}").format(name=name))
        self._follow_work()

    def _verify(self, name: str) -> None:
        self.words.hide()
        self._cancelled = _tr("Cancelled; not every file was looked at.")
        self.work.follow(self._bridge.verify_model(name), _tr("Verifying {name}").format(name=name))
        self._follow_work()

    def _fetched(self, ticket: int, models: tuple[ModelInfo, ...]) -> None:
        if ticket != self._ticket or models == self._models:
            return
        self._models = models
        for line in self._lines:
            line.deleteLater()
        self.buttons.clear()
        self._lines = [self._line(model) for model in models]
        for line in self._lines:
            self._places.addWidget(line)
        self._follow_work()

    def _line(self, model: ModelInfo) -> QWidget:
        name = text.plain(model.name, 100)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(name, "strong"))
        words.addWidget(label(text.plain(engine_says(model.description), 200), "small", wrap=True))
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(8)
        row.addLayout(words, 1)
        if model.chosen:
            row.addWidget(label(_tr("In use"), "badge-memory"), 0, Qt.AlignmentFlag.AlignVCenter)
        elif model.present:
            row.addWidget(self._button(model, "use", _tr("Use"), lambda: self.changed.emit(PATH, model.path)))
        if model.published and model.present:
            row.addWidget(self._button(model, "verify", _tr("Verify"), lambda: self._verify(model.name)))
        elif model.published:
            row.addWidget(self._button(model, "get", _tr("Download"), lambda: self.download(model.name)))
        return line

    def _button(self, model: ModelInfo, what: str, words: str, press: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setAccessibleName(f"{words}: {text.plain(model.name, 100)}")
        button.clicked.connect(lambda: press())
        self.buttons[model.name, what] = button
        return button

    def _follow_work(self) -> None:
        for button in self.buttons.values():
            button.setEnabled(not self.work.busy)

    def _ended(self, well: bool, words: str) -> None:
        self.words.setText(words or (_tr("All is well.") if well else self._cancelled))
        self.words.show()
        self._follow_work()
        self.refresh()
        if well:
            self._bridge.fetch_settings()


class IndexPanel(Panel):
    """Makes the full-text index anew, for when a search misses what is there."""

    def __init__(self, _theme: Theme, bridge: Bridge) -> None:
        super().__init__(
            _tr("Search index"),
            _tr("If a search misses what you know is there, make the index anew. Nothing is deleted by it."),
        )
        self._bridge = bridge
        self.button = QPushButton(_tr("Rebuild the index"))
        self.button.clicked.connect(self._begin)
        self.work = WorkStrip(bridge)
        self.work.ended.connect(self._ended)
        self.words = label(role="small", wrap=True)
        self.words.hide()
        self.rows.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(self.work)
        self.rows.addWidget(self.words)

    def _begin(self) -> None:
        self.words.hide()
        self.button.setEnabled(False)
        self.work.follow(self._bridge.rebuild_index(), _tr("Rebuilding the index"))

    def _ended(self, well: bool, words: str) -> None:
        self.button.setEnabled(True)
        outcome = _tr("The index is as new.") if well else _tr("Cancelled; the rest is as it was.")
        self.words.setText(words or outcome)
        self.words.show()


def _tr(source: str) -> str:
    return QCoreApplication.translate("ModelsPanel", source)
