import os
import stat
from pathlib import Path

import pytest

from app.paths import HOME_VARIABLE, LONGEST_SOCKET_PATH, paths_in, user_paths
from core.errors import EnvironmentTroubleError


def test_the_home_variable_moves_everything(tmp_path: Path) -> None:
    paths = user_paths({HOME_VARIABLE: str(tmp_path)})
    for place in (paths.data, paths.config, paths.log, paths.runtime, paths.settings, paths.snapshots):
        assert place.is_relative_to(tmp_path)
    assert paths.home == tmp_path


def test_without_it_the_system_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    paths = user_paths({})
    assert paths.data.name == "afterimage"
    assert paths.home is None


def test_folders_are_closed_to_others_even_if_they_were_open(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    paths.data.mkdir(mode=0o755)
    paths.prepare()
    for folder in (paths.data, paths.config, paths.log, paths.runtime):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_long_home_still_gets_an_address_that_fits(tmp_path: Path) -> None:
    one, other = paths_in(tmp_path / ("x" * 120)), paths_in(tmp_path / ("y" * 120))
    assert len(os.fsencode(one.address)) <= LONGEST_SOCKET_PATH
    assert one.address != other.address
    one.prepare()
    folder = Path(one.address).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(EnvironmentTroubleError, match="cannot be made"):
        paths_in(tmp_path / "home").prepare()


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    paths.runtime.mkdir()
    os.chown(paths.runtime, 12345, 12345)
    with pytest.raises(EnvironmentTroubleError, match="belongs to somebody else"):
        paths.prepare()
