"""The windows in another language: every text translated, placeholders kept, the engine's sentences put into it."""

from __future__ import annotations

import ast
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.paths import Paths
from app.protocol import AnswerDone, ExchangeInfo, Said, Status
from tests.helpers import translations
from tests.helpers.fake_engine import FakeEngine
from ui import text
from ui.answer import Exchange
from ui.bridge import Bridge
from ui.controls import Controls
from ui.desktop import language, scheme
from ui.history_window import HistoryWindow
from ui.i18n import LANGUAGES, engine_says, of_system, speak
from ui.pictures import Pictures
from ui.settings_window import SettingsWindow
from ui.theme import Theme
from ui.window import AskWindow

GIVES_WORDS = {
    "setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName", "setAccessibleDescription",
    "setLabelText", "setCancelButtonText", "addAction", "addMenu", "addButton", "addItem", "say", "show_words",
    "label", "tool_button", "QLabel", "QPushButton", "QToolButton", "QRadioButton", "QCheckBox", "QAction", "QMenu",
    "Switch", "Tile", "KeyField", "emit", "tell", "warning", "information", "getExistingDirectory",
}  # fmt: skip
PLACES = re.compile(r"\{\w+\}|%L?n|&(?=\w)|<\w+>|`[^`]+`")


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    speak(qapp, "de")
    yield
    speak(qapp, "en")


def messages(source: Path) -> list[tuple[str, str, list[str], bool]]:
    """Context, text, translations and whether it is finished, of a .ts file."""
    found = []
    for context in ET.parse(source).getroot().findall("context"):
        for message in context.findall("message"):
            translation = message.find("translation")
            assert translation is not None
            forms = [form.text or "" for form in translation.findall("numerusform")] or [translation.text or ""]
            finished = translation.get("type") is None and all(form.strip() for form in forms)
            found.append((context.findtext("name", ""), message.findtext("source", ""), forms, finished))
    return found


SOURCES = sorted(translations.FOLDER.glob("*.ts"))


def test_each_language_but_english_has_a_whole_translation() -> None:
    assert {source.stem.removeprefix("afterimage_") for source in SOURCES} == set(LANGUAGES)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_text_is_translated(source: Path) -> None:
    assert [(context, words) for context, words, _forms, finished in messages(source) if not finished] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_placeholders_and_commands_are_kept(source: Path) -> None:
    assert [
        (words, form)
        for _context, words, forms, _finished in messages(source)
        for form in forms
        if sorted(PLACES.findall(words)) != sorted(PLACES.findall(form))
    ] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_translations_are_in_step_with_the_code(source: Path, tmp_path: Path) -> None:
    """What fails here is mended by ``python3 dev.py translate``, and by translating what is new."""
    for there in SOURCES:
        shutil.copy(there, tmp_path)
    translations.update(tmp_path)
    fresh, kept = messages(tmp_path / source.name), messages(source)
    assert {message[:2] for message in fresh} == {message[:2] for message in kept}
    translations.compile_all(tmp_path)
    compiled = source.with_suffix(".qm")
    assert (tmp_path / compiled.name).read_bytes() == compiled.read_bytes()


def test_no_text_goes_round_the_translation() -> None:
    """Words that a widget is given where it stands are English for ever."""
    found = []
    for path in sorted((translations.ROOT / "ui").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in GIVES_WORDS:
                found += [f"{path.name}:{call.lineno} {words}" for words in map(literal, call.args) if words]
    assert found == []


def literal(argument: ast.expr) -> str:
    """The words of a text that stands in the source; not roles, names of icons, and what has no letters."""
    parts = [argument] if isinstance(argument, ast.Constant) else getattr(argument, "values", [])
    words = "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return words if re.search("[A-Z]", words.replace("Afterimage", "").replace("Ctrl+", "")) else ""


def test_what_the_engine_says_is_noted_as_it_stands_in_its_source() -> None:
    """What fails here is mended by ``python3 dev.py translate``."""
    assert translations.engine_module() == translations.ENGINE_TEXTS.read_text(encoding="utf-8")


def test_the_short_form_that_modules_have_of_their_own_is_found_too() -> None:
    assert ("Presence", "Not responding") in translations.window_texts()
    assert ("Welcome", "Not now") not in translations.window_texts()  # self.tr: Qt's own tool finds it


@pytest.mark.parametrize(
    ("languages", "spoken"),
    [
        (["de-AT", "de", "en-GB"], "de"),
        (["fr-FR", "de-DE"], "de"),
        (["en-US", "de"], "en"),
        (["fr"], "en"),
        ([], "en"),
    ],
)
def test_the_systems_languages_are_tried_in_order(languages: list[str], spoken: str) -> None:
    assert of_system(languages) == spoken


@pytest.mark.parametrize(
    ("written", "wanted"),
    [('[desktop]\nlanguage = "de"\n', "de"), ("[desktop]\n", "None"), ("desktop = 3\n", "None"), ("[desk", "None")],
)
def test_the_language_is_read_before_an_engine_answers(paths: Paths, written: str, wanted: str) -> None:
    paths.prepare()
    paths.settings.write_text(written, encoding="utf-8")
    assert language(paths) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [('[desktop]\ntheme = "dark"\n', "dark"), ('[desktop]\ntheme = "green"\n', "system"), ("[desk", "system")],
)
def test_the_theme_is_read_before_an_engine_answers(paths: Paths, written: str, wanted: str) -> None:
    paths.prepare()
    paths.settings.write_text(written, encoding="utf-8")
    assert scheme(paths) == wanted


def test_a_language_that_there_is_not_means_the_systems(qapp: QApplication) -> None:
    assert speak(qapp, "None") == of_system(QLocale.system().uiLanguages())
    speak(qapp, "en")


def test_going_back_to_english_leaves_no_german_behind(qapp: QApplication, german: None) -> None:
    assert engine_says("The screen is locked.") == "Der Bildschirm ist gesperrt."
    speak(qapp, "en")
    assert engine_says("The screen is locked.") == "The screen is locked."
    assert text.duration(90_000) == "1 d 1 h"


def test_the_window_speaks_german(qtbot: QtBot, theme: Theme, bridge: Bridge, german: None) -> None:
    window = AskWindow(theme, bridge, Controls(theme, bridge), Pictures(bridge))
    qtbot.addWidget(window)
    assert window.composer.edit.placeholderText() == "Fragen zu allem, was auf dem Bildschirm war"
    window.show_status(Status(state="recording", moments=1204, unread_moments=2, model_answers=True))
    assert window.facts == "1.204 Momente  ·  noch 2 zu lesen"
    window.show_status(Status(state="recording", moments=1, model_answers=True))
    assert window.facts == "1 Moment"


def test_times_and_numbers_follow_the_language(german: None) -> None:
    noon = datetime.now().astimezone().replace(year=2025, month=3, day=4, hour=13, minute=5, second=9)
    assert text.exact_time(noon) == "Dienstag, 4. März 2025, 13:05:09"
    assert text.moment_time(noon).startswith("4. März 2025 13:05")
    assert text.decimal(0.84) == "0,8"


def test_qts_own_buttons_follow_the_language(qtbot: QtBot, german: None) -> None:
    box = QMessageBox()
    qtbot.addWidget(box)
    box.setStandardButtons(QMessageBox.StandardButton.Cancel)
    assert box.button(QMessageBox.StandardButton.Cancel).text().replace("&", "") == "Abbrechen"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The screen is locked.", "Der Bildschirm ist gesperrt."),
        (
            "/mnt/a b.toml cannot be written: No space left on device. Free some disk space or check the rights.",
            "/mnt/a b.toml lässt sich nicht schreiben: No space left on device. "  # noqa: ISC004
            "Plattenplatz freigeben oder die Rechte prüfen.",
        ),
        (
            "There is no room left for recording. It goes on by itself once there is.",
            "Für die Aufnahme ist kein Platz mehr. Sie geht von selbst weiter, sobald welcher da ist.",
        ),
        (
            "a.json is missing. Fetch the model again. Until then, answers come from the timeline alone.",
            "a.json fehlt. Das Modell neu herunterladen. Bis dahin kommen Antworten nur aus der Zeitleiste.",
        ),
        (
            "timeline.budget_gb cannot be that: should be greater than 0.",
            "timeline.budget_gb kann das nicht sein: muss größer als 0 sein.",
        ),
        ("Excluded now by: application keepass*.", "Jetzt ausgeschlossen durch: Programm keepass*."),
    ],
)
def test_the_engines_sentences_are_put_into_the_language(german: None, said: str, shown: str) -> None:
    assert engine_says(said) == shown


@pytest.mark.parametrize(
    "said", ["", "Something nobody wrote down.", "{0} {1}", "%n %1 <b>x</b>", "x" * 100_000, ". . "]
)
def test_what_is_not_known_stays_as_it_is(german: None, said: str) -> None:
    assert engine_says(said) == said


def test_names_in_a_sentence_are_not_translated(german: None) -> None:
    """A program called Path or a title that reads like a message of ours stays what it is."""
    assert engine_says("application Path") == "Programm Path"
    assert engine_says("title {0} is missing") == "Titel {0} is missing"


def test_an_answer_comes_in_german_and_what_the_screen_and_the_model_said_stays_as_it_is(
    qtbot: QtBot, theme: Theme, bridge: Bridge, german: None
) -> None:
    exchange = Exchange(theme, Pictures(bridge), "where is the key?")
    qtbot.addWidget(exchange)
    exchange.finish(AnswerDone(id=1, text="The key is missing.", origin="memory", moments=()))
    assert exchange.answer == "The key is missing."
    exchange.finish(AnswerDone(id=1, text="I did not see that.", said=Said(kind="unseen"), origin="none"))
    assert exchange.answer == "Das habe ich nicht gesehen."
    noon = datetime.now().astimezone().replace(hour=13, minute=5)
    said = Said(kind="place", application="xterm", title="keys", line="The key is missing.", first=noon, last=noon)
    exchange.finish(AnswerDone(id=1, text="In xterm ...", said=said, origin="evidence"))
    assert exchange.answer == "xterm, Fenster „keys“, heute um 13:05: „The key is missing.“"
    turn = exchange.turn()
    assert turn is not None
    assert turn.answer == "In xterm ..."


def test_an_answer_of_the_history_is_worded_anew(
    qtbot: QtBot, theme: Theme, bridge: Bridge, engine: FakeEngine, german: None
) -> None:
    asked = datetime(2025, 3, 4, 12, tzinfo=UTC)
    said = Said(kind="yes", application="xterm", first=asked, last=asked)
    engine.history = [
        ExchangeInfo(id=2, asked=asked, question="b?", answer="Yes: xterm, today", said=said, origin="evidence"),
        ExchangeInfo(id=1, asked=asked, question="a?", answer="In xterm, today", origin="evidence"),
    ]
    window = HistoryWindow(theme, bridge)
    qtbot.addWidget(window)
    bridge.start()
    window.show()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    shown = [window.model.data(window.model.index(row)) for row in range(2)]
    assert "Ja: xterm, am Dienstag, 4. März 2025 um" in str(shown[0])
    assert "In xterm, today" in str(shown[1])


def test_the_settings_are_explained_in_german_and_found_in_either_language(
    qtbot: QtBot, theme: Theme, bridge: Bridge, engine: FakeEngine, german: None
) -> None:
    window = SettingsWindow(theme, bridge)
    qtbot.addWidget(window)
    bridge.start()
    window.show()
    qtbot.waitUntil(lambda: bool(window.rows))
    row = window.rows["desktop.language"]
    assert row.title == "Sprache"
    assert [row.editor.itemText(place) for place in range(3)] == ["System", "English", "Deutsch"]  # type: ignore[attr-defined]
    assert row.matches("sprache der fenster")
    assert row.matches("language of the windows")


def test_a_refusal_reaches_the_window_in_german(
    qtbot: QtBot, bridge: Bridge, engine: FakeEngine, german: None
) -> None:
    bridge.start()
    with qtbot.waitSignal(bridge.failed, timeout=5000) as refused:
        bridge.change_setting("desktop.thema", "dark")
    assert refused.args[1:] == ["Es gibt keine Einstellung 'desktop.thema'.", "War desktop.theme gemeint?"]


def test_a_status_reaches_the_window_in_german(
    qtbot: QtBot, bridge: Bridge, engine: FakeEngine, german: None
) -> None:
    bridge.start()
    with qtbot.waitSignal(
        bridge.status_changed, timeout=5000, check_params_cb=lambda status: status.state == "stalled"
    ) as told:
        qtbot.waitUntil(lambda: "subscribe" in engine.kinds())
        engine.tell(
            state="stalled",
            reason="No picture has arrived for 12 seconds.",
            notices=("Reading text from pictures fails; see the log.",),
            started=datetime.now(UTC),
        )
    assert told.args[0].reason == "Seit 12 Sekunden ist kein Bild angekommen."
    assert told.args[0].notices == ("Text aus Bildern lässt sich nicht lesen; Näheres im Protokoll.",)
