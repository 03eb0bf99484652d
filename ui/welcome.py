"""The first run: three short pages, one of choices, then yes or no. Nothing is recorded before yes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ui.first_choices import FirstChoices
from ui.theme import Theme, brand_icon, set_role
from ui.widgets import Column, PageArea, follow, label, open_at

SMALLEST = QSize(440, 360)

ABOVE = 56  # pixels over the mark
Fact = tuple[str, str, str]  # icon, heading, sentence


class Welcome(QWidget):
    """``answered`` is emitted once: True for consent, False for not now (closing the window is not now)."""

    answered = Signal(bool)

    def __init__(self, theme: Theme, place: str, choices: FirstChoices) -> None:
        """``place``: the folder that holds everything, shown to the user."""
        super().__init__()
        self._theme = theme
        self._answered = False
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Afterimage: Welcome"))
        open_at(self, theme, 640, 620)
        self._pages = QStackedWidget()
        for headline, words, facts in _pages(place):
            self._pages.addWidget(self._page(headline, words, facts))
        self.choices = choices
        self._pages.addWidget(
            self._page(_tr("How you use it"), _tr("All of it can be changed later, in the settings."), (), choices)
        )
        self._dots = label(role="muted")
        self._back = QPushButton(self.tr("Back"))
        self._not_now = QPushButton(self.tr("Not now"))
        self._next = QPushButton()
        foot = QFrame()
        foot.setProperty("role", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(20, 14, 20, 14)
        row.setSpacing(10)
        row.addWidget(self._not_now)
        row.addStretch(1)
        row.addWidget(self._dots)
        row.addStretch(1)
        row.addWidget(self._back)
        row.addWidget(self._next)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._pages, 1)
        rows.addWidget(foot)
        self._not_now.clicked.connect(lambda: self._answer(False))
        self._back.clicked.connect(lambda: self._turn(self._pages.currentIndex() - 1))
        self._next.clicked.connect(self._on)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        self._turn(0)

    @property
    def page(self) -> int:
        return self._pages.currentIndex()

    @property
    def on_button(self) -> QPushButton:
        """Goes on; on the last page it is the consent."""
        return self._next

    @property
    def not_now_button(self) -> QPushButton:
        return self._not_now

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(640, 620)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  Qt's name
        event.accept()
        self._answer(False)

    def _on(self) -> None:
        if self.page + 1 < self._pages.count():
            self._turn(self.page + 1)
        else:
            self._answer(True)

    def _turn(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        last = page + 1 == self._pages.count()
        self._next.setText(self.tr("Start recording") if last else self.tr("Continue"))
        set_role(self._next, "primary")
        self._back.setEnabled(page > 0)
        self._dots.setText("  ".join("●" if place == page else "○" for place in range(self._pages.count())))
        self._dots.setAccessibleName(
            self.tr("Page {page} of {pages}").format(page=page + 1, pages=self._pages.count())
        )
        if last:
            self.choices.refresh()
        self._next.setFocus()

    def _answer(self, consent: bool) -> None:
        if self._answered:
            return
        self._answered = True
        self.close()
        self.answered.emit(consent)

    def _page(self, headline: str, words: str, facts: tuple[Fact, ...], inside: QWidget | None = None) -> QWidget:
        page = Column(widest=self._theme.scaled(480))
        mark = QLabel()
        follow(self._theme, mark, lambda: mark.setPixmap(brand_icon("afterimage").pixmap(56, 56)))
        page.rows.setSpacing(0)
        page.rows.addSpacing(ABOVE)  # the same on every page, so that turning them moves nothing
        page.rows.addWidget(mark)
        page.rows.addSpacing(18)
        page.rows.addWidget(label(headline, "headline", wrap=True))
        page.rows.addSpacing(6)
        page.rows.addWidget(label(words, "muted", wrap=True))
        for icon, heading, sentence in facts:
            page.rows.addSpacing(20)
            page.rows.addLayout(self._fact(icon, heading, sentence))
        if inside is not None:
            page.rows.addSpacing(20)
            page.rows.addWidget(inside)
        page.rows.addStretch(1)
        area = PageArea(page, SMALLEST)
        area.setAccessibleName(headline)
        return area

    def _fact(self, icon: str, heading: str, sentence: str) -> QHBoxLayout:
        picture = QLabel()
        follow(
            self._theme,
            picture,
            lambda: picture.setPixmap(self._theme.icon(icon, self._theme.colours.accent).pixmap(24, 24)),
        )
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(heading, "strong", wrap=True))
        words.addWidget(label(sentence, "muted", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return row


def _pages(place: str) -> tuple[tuple[str, str, tuple[Fact, ...]], ...]:
    return (
        (
            _tr("What is recorded"),
            _tr("Afterimage looks at your screen, so that you can ask about it later."),
            (
                (
                    "eye",
                    _tr("What changes on your screens"),
                    _tr("A still screen is seen once, not again and again."),
                ),
                (
                    "shield",
                    _tr("Not what you exclude"),
                    _tr("Password managers and private browsing are left out from the start; you can add more."),
                ),
                (
                    "not-seen",
                    _tr("No sound, no keys, no camera"),
                    _tr("Only the picture, the windows' titles, and the text that can be read in it."),
                ),
            ),
        ),
        (
            _tr("Where it is kept"),
            _tr("On this computer, in a folder that only your user account may open."),
            (
                ("folder", _tr("In one folder"), place),
                (
                    "timeline",
                    _tr("For a time and a size you choose"),
                    _tr("Old pictures are thinned out first; the settings say how much and how long."),
                ),
                (
                    "trash",
                    _tr("Until you say forget"),
                    _tr("The last ten minutes, an hour, today or everything: gone from disk and from memory."),
                ),
            ),
        ),
        (
            _tr("What leaves this computer"),
            _tr("Nothing. The model runs here; questions and answers stay here."),
            (
                ("cloud-off", _tr("No account, no server, no statistics"), _tr("It works with the network off.")),
                (
                    "pause",
                    _tr("You can see and stop it at any time"),
                    _tr("The light in the window and in the tray tells the truth; pausing takes one press."),
                ),
                (
                    "check",
                    _tr("It starts only when you say so"),
                    _tr("Until you press Start recording, not one picture is taken."),
                ),
            ),
        ),
    )


def _tr(source: str) -> str:
    return QCoreApplication.translate("Welcome", source)
