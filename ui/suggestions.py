"""What the ask window shows before the first question: what it is for, and questions to begin with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton

from ui.theme import Theme, brand_icon
from ui.widgets import Column, follow, label


class Suggestions(Column):
    """``chosen`` carries a question that was pressed."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(widest=theme.scaled(520))
        mark = QLabel()
        mark.setAccessibleName(self.tr("Afterimage"))

        def draw() -> None:
            mark.setPixmap(brand_icon("afterimage").pixmap(64, 64))

        follow(theme, mark, draw)
        centre = Qt.AlignmentFlag.AlignHCenter
        self.rows.addStretch(3)
        self.rows.addWidget(mark, 0, centre)
        self.rows.addSpacing(16)
        headline = label(self.tr("What was on your screen?"), "headline", wrap=True)
        headline.setAlignment(centre)
        self.rows.addWidget(headline)
        words = label(
            self.tr("Afterimage remembers what your screen showed, on this computer only. Ask it in your own words."),
            "muted",
            wrap=True,
        )
        words.setAlignment(centre)
        self.rows.addWidget(words)
        self.rows.addSpacing(20)
        for question in (
            self.tr("What was the error in the terminal?"),
            self.tr("Which page did I read before lunch?"),
            self.tr("When did I last look at the price list?"),
        ):
            button = QPushButton(question)
            button.setProperty("role", "suggestion")
            button.clicked.connect(lambda _=False, question=question: self.chosen.emit(question))
            self.rows.addWidget(button, 0, centre)
        self.rows.addStretch(4)
