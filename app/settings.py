"""The user's settings: each declared once, with type, default and description; kept in a TOML file.

The file belongs to the user: comments, order and what this version does not know stay as they are. A value that
cannot be used is told and replaced by its default; a file that is no TOML is set aside. The privacy rules of the
last readable file stay in force then, so that a typing error never uncovers what was excluded.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import tomlkit
import tomlkit.exceptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from app.paths import Paths
from app.protocol import SettingInfo
from core.config import PASSWORD_MANAGERS, CaptureConfig, PrivacyRules, TimelineConfig
from core.errors import AfterimageError, DiskFullError, EnvironmentTroubleError, InputError

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
MAX_FILE: Final = 2**20  # bytes; a larger settings file is not one
MAX_VALUE: Final = 100_000  # characters of one value
SLOWEST: Final = 1 / 60  # frames a second
RATE: Final = re.compile(r"(.+?)\s*=\s*(\d+(?:\.\d+)?)")  # DP-1 = 0.5


Keys = Annotated[str, "keys"]  # a combination as <ctrl>+<alt>+space; empty: none


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=MAX_VALUE)


class CaptureSection(Section):
    monitors: tuple[str, ...] = Field(default=(), description="names of the monitors to record; none: all of them")
    region: tuple[int, int, int, int] | None = Field(
        default=None, description="left, top, width, height in desktop pixels, recorded instead of whole monitors"
    )
    busy_rate: float = Field(default=4.0, gt=0, le=30, description="frames a second while things change")
    still_interval: float = Field(
        default=2.0, ge=0.1, le=5, description="seconds between frames while nothing changes"
    )
    rates: tuple[str, ...] = Field(
        default=(), description="the most frames a second of single monitors or cameras, each as DP-1 = 0.5"
    )
    webcam: bool = Field(
        default=False, description="record the first camera too, whenever the screen is recorded; the tray shows it"
    )
    webcam_rate: float = Field(default=0.5, ge=SLOWEST, le=30, description="frames a second of a camera")

    @field_validator("rates")
    @classmethod
    def _are_rates(cls, rates: tuple[str, ...]) -> tuple[str, ...]:
        for rate in rates:
            rate_of(rate)
        return rates


class PrivacySection(Section):
    applications: tuple[str, ...] = Field(
        default=PASSWORD_MANAGERS, description="applications never recorded; * and ? stand for any characters"
    )
    titles: tuple[str, ...] = Field(
        default=(), description="regular expressions; windows whose title matches are excluded"
    )
    private_browsing: bool = Field(
        default=True, description="exclude windows whose title says that they browse privately"
    )
    mode: Literal["mask", "drop"] = Field(
        default="mask", description="mask: paint excluded windows out; drop: keep no frame while one is visible"
    )
    without_window_list: Literal["refuse", "record"] = Field(
        default="refuse",
        description="where the desktop tells no windows, rules cannot be kept: refuse to record, or record all",
    )
    memory_only: bool = Field(
        default=False, description="keep no pictures and no text on disk, only the memory state"
    )

    @field_validator("titles")
    @classmethod
    def _are_patterns(cls, titles: tuple[str, ...]) -> tuple[str, ...]:
        for title in titles:
            try:
                re.compile(title)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error.msg}") from error
        return titles


class TimelineSection(Section):
    budget_gb: float = Field(
        default=20.0, gt=0, le=10_000, description="most disk space for pictures and text, in GB"
    )
    keep_days: float = Field(default=90.0, gt=0, le=36_500, description="age in days after which moments are deleted")


class ModelSection(Section):
    path: str = Field(default="", description="folder with a model's weights; empty: the built-in one")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where the model runs")


class EngineSection(Section):
    keep_free_gb: float = Field(
        default=0.5, ge=0, le=1000, description="recording stops when less disk space is free, in GB"
    )
    snapshots_gb: float = Field(
        default=2.0, gt=0, le=1000, description="most disk space for saved memory states, in GB"
    )


class DesktopSection(Section):
    consent: bool = Field(
        default=False, description="the first run's question was answered with yes: recording is allowed"
    )
    record_on_start: bool = Field(default=True, description="start recording when the desktop app starts")
    keep_recording: bool = Field(
        default=False, description="go on recording after the desktop app was quit, with no icon that shows it"
    )
    theme: Literal["system", "light", "dark"] = Field(default="system", description="the look of the windows")
    language: Literal["system", "en", "de"] = Field(
        default="system", description="the language of the windows; a change counts from the next start"
    )
    hotkey_ask: Keys = Field(default="<ctrl>+<alt>+space", description="opens the window with the question field")
    hotkey_snip: Keys = Field(default="<ctrl>+<alt>+s", description="asks about a part of the screen")


class Settings(Section):
    """All settings, in sections as in the file. A setting's name is ``section.key``."""

    capture: CaptureSection = CaptureSection()
    privacy: PrivacySection = PrivacySection()
    timeline: TimelineSection = TimelineSection()
    model: ModelSection = ModelSection()
    engine: EngineSection = EngineSection()
    desktop: DesktopSection = DesktopSection()

    def get(self, name: str) -> Any:
        """The value of ``section.key``; raises InputError with the nearest name."""
        section, key = split(name)
        return getattr(getattr(self, section), key)

    def changed(self, name: str, value: object) -> Settings:
        """A copy with one value replaced; raises InputError."""
        section, key = split(name)
        part: Section = getattr(self, section)
        try:
            fresh = type(part).model_validate({**part.model_dump(), key: value})
        except ValidationError as error:
            raise InputError(
                f"{name} cannot be that: {_why(error)}.", f"`afterimage settings get {name}` explains it."
            ) from None
        return self.model_copy(update={section: fresh})

    def changed_by_text(self, name: str, text: str) -> Settings:
        """The same with a value typed by a person: a list is ``a, b`` or ``["a", "b"]``, nothing is nothing."""
        kind = _field(name).annotation
        value: object = text
        if _is_tuple(kind):
            value = _list_from(name, text)
            if not value and type(None) in get_args(kind):
                value = None
        return self.changed(name, value)

    def infos(self) -> tuple[SettingInfo, ...]:
        """Every setting with its value, default, type and description, for listing."""
        return tuple(
            SettingInfo(
                name=name,
                value=as_text(self.get(name)),
                default=as_text(Settings().get(name)),
                type="keys" if "keys" in _field(name).metadata else _type_name(_field(name).annotation),
                description=_field(name).description or "",
            )
            for name in names()
        )

    def capture_config(self) -> CaptureConfig:
        rates = tuple(rate_of(rate) for rate in self.capture.rates)
        return CaptureConfig(**{**self.capture.model_dump(), "rates": rates})

    def timeline_config(self) -> TimelineConfig:
        return TimelineConfig(budget_gb=self.timeline.budget_gb, max_age_days=self.timeline.keep_days)

    def privacy_rules(self) -> PrivacyRules:
        said = self.privacy.model_dump(exclude={"memory_only", "without_window_list"})
        return PrivacyRules(**said, allow_unlisted=self.privacy.without_window_list == "record")


@dataclass(frozen=True)
class Loaded:
    """Settings as found on disk. ``notices``: sentences for the user about what could not be used."""

    settings: Settings
    notices: tuple[str, ...] = ()


def names() -> Iterator[str]:
    for section in Settings.model_fields:
        for key in _section_type(section).model_fields:
            yield f"{section}.{key}"


def split(name: str) -> tuple[str, str]:
    """``section.key`` of a known setting; raises InputError with the nearest name."""
    known = list(names())
    if name not in known:
        near = difflib.get_close_matches(name[:100], known, 1, 0.6)
        near = near or [full for full in known if full.endswith("." + name)]
        hint = f"Did you mean {near[0]}?" if near else "`afterimage settings` lists them all."
        raise InputError(f"There is no setting {name[:100]!r}.", hint)
    section, key = name.split(".")
    return section, key


def load(paths: Paths) -> Loaded:
    """Reads the file; never fails for what is in it. A missing file means the defaults."""
    try:
        with paths.settings.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError as error:
        return Loaded(_last_privacy(paths), (f"The settings cannot be read ({error.strerror}); defaults are used.",))
    try:
        if len(data) > MAX_FILE:
            raise ValueError("too long")
        content = tomlkit.parse(data.decode()).unwrap()
    except (tomlkit.exceptions.TOMLKitError, ValueError, RecursionError):
        return Loaded(_last_privacy(paths), (_set_aside(paths.settings),))
    settings, notices = _take(content)
    if any("privacy" in notice for notice in notices):
        settings = settings.model_copy(update={"privacy": _last_privacy(paths).privacy})
    else:
        _remember_privacy(paths, settings)
    return Loaded(settings, tuple(notices))


def store(paths: Paths, name: str, value: str) -> Settings:
    """Sets one value in the file, leaving the rest of it as it is; raises InputError or DiskFullError."""
    settings = load(paths).settings.changed_by_text(name, value)
    section, key = split(name)
    try:
        text = paths.settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = "# Settings of Afterimage. `afterimage settings` lists and explains them all.\n"
    document = tomlkit.parse(text)
    if not isinstance(document.get(section), dict):
        document[section] = tomlkit.table()
    table: Any = document[section]
    new = settings.get(name)
    if new is None:
        table.pop(key, None)
    else:
        table[key] = list(new) if isinstance(new, tuple) else new
    write_whole(paths.settings, tomlkit.dumps(document).encode())
    _remember_privacy(paths, settings)
    return settings


def rate_of(words: str) -> tuple[str, float]:
    """``DP-1 = 0.5`` as a source's name and frames a second; raises ValueError."""
    found = RATE.fullmatch(words.strip())
    if found is None or not SLOWEST <= float(found[2]) <= 30:
        raise ValueError("a rate is written like DP-1 = 0.5, at least one frame a minute and at most 30 a second")
    return found[1], float(found[2])


def as_text(value: object) -> str:
    """A value as the command line and the dialog show it, and as :meth:`Settings.changed` reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return str(tomlkit.item(list(value)).as_string())
    return str(value)


def write_whole(path: Path, data: bytes) -> None:
    """Replaces a file's content so that a crash leaves the old or the new one; only this user can read it.

    Raises DiskFullError or EnvironmentTroubleError.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        kind = DiskFullError if error.errno in NO_ROOM else EnvironmentTroubleError
        raise kind(
            f"{path} cannot be written: {error.strerror}.", "Free some disk space or check the rights."
        ) from error


def _take(content: dict[str, Any]) -> tuple[Settings, list[str]]:
    """What can be used of a file's content, and a sentence about each value that cannot."""
    settings, notices = Settings(), []
    for section, table in content.items():
        for key, value in table.items() if isinstance(table, dict) else [("", table)]:
            try:
                settings = settings.changed(f"{section}.{key}" if key else section, value)
            except InputError as error:
                notices.append(f"The settings file: {error}")
    return settings, notices


def _set_aside(path: Path) -> str:
    """Renames a broken settings file, never over an earlier one; the sentence for the user."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.stem}.broken-{number}{path.suffix}")
        if not aside.exists():
            break
    try:
        path.rename(aside)
    except OSError as error:
        return f"The settings file is damaged and could not be set aside ({error.strerror}); defaults are used."
    return f"The settings file was damaged. It is kept as {aside.name}; defaults and the last exclusions are used."


def _privacy_copy(paths: Paths) -> Path:
    return paths.config / ".privacy.json"


def _remember_privacy(paths: Paths, settings: Settings) -> None:
    data = settings.privacy.model_dump_json().encode()
    copy = _privacy_copy(paths)
    with contextlib.suppress(OSError, AfterimageError):
        if not copy.exists() or copy.read_bytes() != data:
            write_whole(copy, data)


def _last_privacy(paths: Paths) -> Settings:
    """The defaults with the privacy rules of the last file that could be read."""
    try:
        return Settings(privacy=PrivacySection.model_validate_json(_privacy_copy(paths).read_bytes()))
    except (OSError, ValidationError):
        return Settings()


def _section_type(name: str) -> type[Section]:
    kind = Settings.model_fields[name].annotation
    if not (isinstance(kind, type) and issubclass(kind, Section)):
        raise TypeError(f"{name} is no section")
    return kind


def _field(name: str) -> FieldInfo:
    section, key = split(name)
    return _section_type(section).model_fields[key]


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple or any(get_origin(part) is tuple for part in get_args(kind))


def _list_from(name: str, text: str) -> tuple[Any, ...]:
    text = text.strip()
    if not text.startswith("["):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return tuple(tomlkit.parse(f"value = {text}").unwrap()["value"])
    except (tomlkit.exceptions.TOMLKitError, ValueError):
        raise InputError(f"{name} needs a list.", """Write it as `a, b` or `["a", "b"]`.""") from None


def _type_name(kind: Any) -> str:
    """``number``, ``text``, ``list of text``, ``on or off``, ``mask|drop``: for people and for the dialog."""
    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))
    if _is_tuple(kind):
        return "list of text" if str in _leaves(kind) else "list of 4 numbers"
    return {bool: "on or off", int: "number", float: "number", str: "text"}[kind]


def _leaves(kind: Any) -> set[Any]:
    parts = get_args(kind)
    return set().union(*map(_leaves, parts)) if parts else {kind}


def _why(error: ValidationError) -> str:
    """What pydantic has to say, without repeating the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    return first["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")[:200]
