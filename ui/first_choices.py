"""The first run's last page: the keys that bring Afterimage up, and the model that answers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QVBoxLayout, QWidget

from app.protocol import ModelInfo, SettingInfo
from ui import text
from ui.bridge import Bridge
from ui.i18n import engine_says
from ui.key_field import KeyField
from ui.widgets import label

INDENT = 26  # pixels: below the words of the button
BETWEEN = 8  # pixels: what explains a choice is nearer to it than to the next one
MODEL = "model.path"
ASK, SNIP = "desktop.hotkey_ask", "desktop.hotkey_snip"


class FirstChoices(QWidget):
    """Says at once whether another program has the keys. Nothing is changed or downloaded here: see ``settings``."""

    def __init__(self, bridge: Bridge, try_keys: Callable[[dict[str, str]], str]) -> None:
        """``try_keys``: what is wrong with these keys ("ask" and "snip"), empty where they can be had."""
        super().__init__()
        self._try_keys = try_keys
        self._ticket = 0
        self._bridge = bridge
        self.fields = {ASK: KeyField(_tr("Keys to ask")), SNIP: KeyField(_tr("Keys to snip and ask"))}
        self._set: dict[str, str] = {}  # the keys as the settings have them
        self._pressed: set[str] = set()  # fields whose keys the user chose
        self.trouble = label(role="failure", wrap=True)
        self.trouble.hide()
        self.models: dict[str, QRadioButton] = {}
        self._known: tuple[ModelInfo, ...] = ()
        self._group = QButtonGroup(self)
        self.waiting = label(_tr("Looking for models…"), "muted", wrap=True)
        self._choices = QVBoxLayout()
        self._choices.setSpacing(2)
        keys = QGridLayout()
        keys.setHorizontalSpacing(16)
        for row, (name, field) in enumerate(self.fields.items()):
            asks = _tr("Ask about what you saw") if name == ASK else _tr("Ask about a part of the screen")
            words = label(asks, wrap=True)
            words.setBuddy(field)
            keys.addWidget(words, row, 0)
            keys.addWidget(field, row, 1)
            field.keySequenceChanged.connect(lambda _keys, name=name: self._keys_chosen(name))
        keys.setColumnStretch(0, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        rows.addWidget(label(_tr("Keys that work everywhere"), "strong"))
        rows.addLayout(keys)
        rows.addWidget(self.trouble)
        rows.addSpacing(14)
        rows.addWidget(label(_tr("The model that answers"), "strong"))
        rows.addWidget(self.waiting)
        rows.addLayout(self._choices)
        bridge.models_fetched.connect(self._fetched)
        bridge.settings_fetched.connect(self._settings_fetched)
        bridge.failed.connect(self._failed)

    def refresh(self) -> None:
        """The page is shown: what can be had is looked up now."""
        self._ticket = self._bridge.fetch_models()
        self._bridge.fetch_settings()
        self.check_keys()

    @property
    def ticket(self) -> int:
        """Of the newest look for models."""
        return self._ticket

    @property
    def settings(self) -> dict[str, str]:
        """The settings that were chosen otherwise than they are, by name."""
        chosen = {name: field.combination for name, field in self.fields.items() if name in self._pressed}
        changed = {name: value for name, value in chosen.items() if value != self._set.get(name)}
        for model in self._chosen_models():
            if model.present and not model.chosen:
                changed[MODEL] = model.path
        return changed

    @property
    def download(self) -> str:
        """The model to fetch first; empty: the chosen one is here."""
        return next((model.name for model in self._chosen_models() if model.published and not model.present), "")

    def _chosen_models(self) -> list[ModelInfo]:
        return [model for model in self._known if self.models[model.name].isChecked()]

    def check_keys(self) -> None:
        """Shows what is wrong with the keys, if anything is."""
        trouble = self._try_keys({name.rpartition("_")[2]: field.combination for name, field in self.fields.items()})
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def _keys_chosen(self, name: str) -> None:
        self._pressed.add(name)
        self.check_keys()

    def _settings_fetched(self, _ticket: int, settings: tuple[SettingInfo, ...]) -> None:
        """The keys that the settings have stand in the fields until others are pressed."""
        self._set = {setting.name: setting.value for setting in settings if setting.name in self.fields}
        for name, field in self.fields.items():
            if name not in self._pressed:
                with QSignalBlocker(field):
                    field.show_combination(self._set.get(name, ""))
        if self.isVisible():
            self.check_keys()

    def _fetched(self, ticket: int, models: tuple[ModelInfo, ...]) -> None:
        if ticket != self._ticket or self.models:
            return
        self._known = models
        self.waiting.hide()
        for model in models:
            name, words = text.plain(model.name, 60), text.plain(engine_says(model.description), 200)
            button = QRadioButton(name if model.present else _tr("{model}, downloaded after this").format(model=name))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setAccessibleDescription(words)
            button.setChecked(model.chosen)
            explained = label(words, "small", wrap=True)
            explained.setIndent(INDENT)
            self._group.addButton(button)
            if self.models:
                self._choices.addSpacing(BETWEEN)
            self._choices.addWidget(button)
            self._choices.addWidget(explained)
            self.models[model.name] = button

    def _failed(self, ticket: int, message: str, remedy: str) -> None:
        if ticket == self._ticket and not self.models:
            self.waiting.setText(text.plain(f"{message} {remedy}".strip(), 500))


def _tr(source: str) -> str:
    return QCoreApplication.translate("FirstChoices", source)
