"""The look: colours for light and dark, the style sheet made of them, and icons drawn in them.

Follows the system's colour scheme and font. Widgets say what they are through the dynamic property ``role``;
how a role looks is decided in ``resources/style/afterimage.qss`` and nowhere else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from string import Template

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

ICON_SIZES = (16, 20, 22, 24, 32, 48, 64, 128)  # pixels; menus, trays and 200 % screens choose among them
ORDINARY_POINTS = 11.0  # the largest font that a system has by default


@dataclass(frozen=True)
class Colours:
    """Every colour the product uses, by what it is for."""

    window: str  # the ground everything stands on
    surface: str  # fields and cards
    raised: str  # a card under the pointer, the user's own words
    line: str  # hairlines between things
    text: str
    muted: str  # text of second rank; still 4.5:1 on the ground
    faint: str  # placeholders and disabled controls
    accent: str
    on_accent: str
    accent_hover: str
    accent_soft: str
    recording: str
    recording_soft: str
    caution: str
    caution_soft: str
    shielded: str
    shielded_soft: str
    calm: str
    calm_soft: str


LIGHT = Colours(
    window="#F7F7F8",
    surface="#FFFFFF",
    raised="#EEEEF1",
    line="#E1E1E6",
    text="#1B1B1F",
    muted="#62626C",
    faint="#8E8E98",
    accent="#4F52D9",
    on_accent="#FFFFFF",
    accent_hover="#4144C4",
    accent_soft="#ECECFD",
    recording="#CF2F37",
    recording_soft="#FDECEC",
    caution="#A85A00",
    caution_soft="#FFF3DF",
    shielded="#2F55CC",
    shielded_soft="#E9EFFE",
    calm="#5F6270",
    calm_soft="#ECEDF0",
)
DARK = Colours(
    window="#17171A",
    surface="#1F1F23",
    raised="#2A2A30",
    line="#34343B",
    text="#ECECF0",
    muted="#A2A2AD",
    faint="#797984",
    accent="#8F93FF",
    on_accent="#14141C",
    accent_hover="#A6A9FF",
    accent_soft="#2A2B4A",
    recording="#FF6B6E",
    recording_soft="#3D2225",
    caution="#F5B350",
    caution_soft="#3A2D17",
    shielded="#8AB0FF",
    shielded_soft="#1F2B47",
    calm="#A9ACB8",
    calm_soft="#2B2C33",
)


class Theme(QObject):
    """Owns the look of one application; ``changed`` is emitted after colours or fonts have changed."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._colours = LIGHT
        self._scheme = "system"
        self._fonts: dict[tuple[float, bool], QFont] = {}  # painting asks for them all the time
        fusion = QStyleFactory.create("Fusion")
        if fusion is not None:
            application.setStyle(fusion)
        application.setWindowIcon(brand_icon("afterimage"))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.refresh)
        self._applied: tuple[Colours, float] | None = None
        self.refresh()

    @property
    def colours(self) -> Colours:
        return self._colours

    def set_scheme(self, scheme: str) -> None:
        """``light`` or ``dark`` whatever the system says, or ``system`` to follow it."""
        self._scheme = scheme
        self.refresh()

    @property
    def dark(self) -> bool:
        return self._colours is DARK

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """The line icon ``name`` in ``colour`` (of :class:`Colours`), or in the text's second rank."""
        return line_icon(name, colour or self._colours.muted, self._colours.faint)

    def font(self, scale: float = 1.0, *, bold: bool = False) -> QFont:
        """The system's font, ``scale`` times its size."""
        font = self._fonts.get((scale, bold))
        if font is None:
            font = self._fonts[scale, bold] = QFont(self._application.font())
            font.setPointSizeF(_points(font) * scale)
            if bold:
                font.setWeight(QFont.Weight.DemiBold)
        return font

    def scaled(self, pixels: int) -> int:
        """``pixels`` of a layout that was made for ordinary letters: more of them where the system's are larger."""
        return round(pixels * max(1.0, _points(self._application.font()) / ORDINARY_POINTS))

    def refresh(self) -> None:
        """Looks at the system's colours and font again; does nothing where they are what they were."""
        dark = _system_is_dark() if self._scheme == "system" else self._scheme == "dark"
        colours = DARK if dark else LIGHT
        points = _points(self._application.font())
        if self._applied == (colours, points):
            return
        self._applied = (colours, points)
        self._colours = colours
        self._fonts.clear()
        self._application.setPalette(_palette(colours))
        self._application.setStyleSheet(_style_sheet(colours, points))
        self.changed.emit()


def set_role(widget: QWidget, role: str) -> None:
    """Gives ``widget`` the look that the style sheet has for ``role``."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


@lru_cache(maxsize=256)
def line_icon(name: str, colour: str, disabled: str) -> QIcon:
    """A one-colour icon from resources/icons, drawn at every size that is asked for."""
    source = _icon_source(name)
    icon = QIcon()
    for mode, shade in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        for pixels in ICON_SIZES:
            icon.addPixmap(_rendered(source.replace("currentColor", shade), pixels), mode)
    return icon


@lru_cache(maxsize=32)
def brand_icon(name: str) -> QIcon:
    """An icon that has its own colours: the mark, and its states in the tray."""
    source = _icon_source(name)
    icon = QIcon()
    for pixels in ICON_SIZES:
        icon.addPixmap(_rendered(source, pixels))
    return icon


def forget_icons() -> None:
    """Drops every drawn icon: pixmaps must not outlive the application."""
    line_icon.cache_clear()
    brand_icon.cache_clear()


def _icon_source(name: str) -> str:
    return (resources.files("resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def _rendered(source: str, pixels: int) -> QPixmap:
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return pixmap


def _system_is_dark() -> bool:
    scheme = QGuiApplication.styleHints().colorScheme()
    return scheme == Qt.ColorScheme.Dark


def _points(font: QFont) -> float:
    return font.pointSizeF() if font.pointSizeF() > 0 else font.pixelSize() * 0.75


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.raised,
        QPalette.ColorRole.Button: colours.surface,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.faint,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Accent: colours.accent,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.Mid: colours.line,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return palette


def _style_sheet(colours: Colours, points: float) -> str:
    template = Template((resources.files("resources") / "style" / "afterimage.qss").read_text(encoding="utf-8"))
    sizes = {
        "small": f"{points * 0.88:.2f}pt",
        "normal": f"{points:.2f}pt",
        "large": f"{points * 1.14:.2f}pt",
        "title": f"{points * 1.6:.2f}pt",
    }
    return template.substitute(asdict(colours) | sizes)
