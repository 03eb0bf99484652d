import pytest

from app import settings
from app.paths import Paths
from app.settings import Settings
from core.errors import DiskFullError, InputError


def test_a_missing_file_means_the_defaults(paths: Paths) -> None:
    assert settings.load(paths) == settings.Loaded(Settings())


def test_every_setting_is_described_and_reads_back_what_it_shows() -> None:
    for info in Settings().infos():
        assert info.description
        assert Settings().changed_by_text(info.name, info.value) == Settings()
        assert info.value == info.default


def test_comments_order_and_unknown_things_stay(paths: Paths) -> None:
    paths.settings.write_text("# mine\n[privacy]\nmode = 'drop' # strict\n\n[future]\nwish = 1\n")
    settings.store(paths, "capture.busy_rate", "2")
    text = paths.settings.read_text()
    assert text.startswith("# mine\n[privacy]\nmode = 'drop' # strict\n\n[future]\nwish = 1\n")
    assert settings.load(paths).settings.capture.busy_rate == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [("a, b", ("a", "b")), ('["a, b"]', ("a, b",)), ("", ()), ("[]", ())],
)
def test_lists_are_written_with_commas_or_as_toml(paths: Paths, text: str, value: tuple[str, ...]) -> None:
    assert settings.store(paths, "privacy.applications", text).privacy.applications == value
    assert settings.load(paths).settings.privacy.applications == value


def test_a_region_is_set_and_unset(paths: Paths) -> None:
    assert settings.store(paths, "capture.region", "0, 0, 100, 50").capture.region == (0, 0, 100, 50)
    assert settings.load(paths).settings.capture_config().region == (0, 0, 100, 50)
    assert settings.store(paths, "capture.region", "").capture.region is None
    assert settings.load(paths).settings.capture.region is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("privacy.titels", "privacy.titles"),
        ("capture.busyrate", "capture.busy_rate"),
        ("keep_days", "timeline.keep_days"),
    ],
)
def test_a_typing_error_gets_did_you_mean(paths: Paths, typed: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        settings.store(paths, typed, "1")
    assert caught.value.remedy == f"Did you mean {meant}?"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capture.busy_rate", "fast"),
        ("capture.busy_rate", "0"),
        ("capture.busy_rate", "nan"),
        ("capture.region", "1, 2"),
        ("privacy.mode", "hide"),
        ("privacy.titles", "["),
        ("privacy.titles", "(unclosed"),
        ("model.device", "abacus"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_is_written(paths: Paths, name: str, value: str) -> None:
    with pytest.raises(InputError):
        settings.store(paths, name, value)
    assert not paths.settings.exists()


def test_one_bad_value_is_told_and_the_others_hold(paths: Paths) -> None:
    paths.settings.write_text("[capture]\nbusy_rate = 'often'\nstill_interval = 1.0\n")
    loaded = settings.load(paths)
    assert loaded.settings.capture.still_interval == 1.0
    assert loaded.settings.capture.busy_rate == Settings().capture.busy_rate
    assert "capture.busy_rate" in loaded.notices[0]
    assert paths.settings.exists()


@pytest.mark.parametrize("content", [b"[privacy\n", b"\xff\xfe\x00", b"a = " + b"[" * 5000, b"x = 1\n" * 300_000])
def test_a_broken_file_is_set_aside_and_the_exclusions_stay_in_force(paths: Paths, content: bytes) -> None:
    settings.store(paths, "privacy.applications", "diary")
    paths.settings.write_bytes(content)
    loaded = settings.load(paths)
    assert loaded.settings.privacy.applications == ("diary",)
    assert "settings.broken-1.toml" in loaded.notices[0]
    assert (paths.config / "settings.broken-1.toml").read_bytes() == content
    assert not paths.settings.exists()


def test_broken_files_do_not_replace_each_other(paths: Paths) -> None:
    for number in (1, 2):
        paths.settings.write_text(f"[{number}")
        settings.load(paths)
        assert (paths.config / f"settings.broken-{number}.toml").read_text() == f"[{number}"


def test_a_bad_privacy_value_leaves_the_last_good_rules_in_force(paths: Paths) -> None:
    settings.store(paths, "privacy.titles", "bank")
    paths.settings.write_text("[privacy]\ntitles = ['(unclosed']\n")
    assert settings.load(paths).settings.privacy.titles == ("bank",)


def test_a_section_given_as_a_value_is_told(paths: Paths) -> None:
    paths.settings.write_text("capture = 3\n")
    loaded = settings.load(paths)
    assert loaded.settings == Settings()
    assert "capture" in loaded.notices[0]


def test_a_full_disk_leaves_the_old_file(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.store(paths, "capture.busy_rate", "2")
    before = paths.settings.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.settings.os.fsync", full)
    with pytest.raises(DiskFullError):
        settings.store(paths, "capture.busy_rate", "3")
    assert paths.settings.read_bytes() == before
    assert sorted(p.name for p in paths.config.iterdir()) == [".privacy.json", "settings.toml"]


def test_rates_of_single_sources_are_read_as_people_write_them(paths: Paths) -> None:
    stored = settings.store(paths, "capture.rates", "DP-1 = 0.5, webcam:0=2")
    assert stored.capture_config().rates == (("DP-1", 0.5), ("webcam:0", 2.0))
    for wrong in ("DP-1", "DP-1 = fast", "DP-1 = 0", "= 1", "DP-1 = 900"):
        with pytest.raises(InputError, match="rates"):
            settings.store(paths, "capture.rates", wrong)
    assert settings.load(paths).settings.capture_config().rates == stored.capture_config().rates


def test_rules_that_cannot_be_kept_refuse_unless_the_user_says_otherwise(paths: Paths) -> None:
    assert not Settings().privacy_rules().allow_unlisted
    assert settings.store(paths, "privacy.without_window_list", "record").privacy_rules().allow_unlisted
