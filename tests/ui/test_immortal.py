"""The interpreter's None and bools survive a binding that gives back more of them than it took."""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT_DOWN = """
from PySide6.QtGui import QAction, QGuiApplication
from ui.immortal import keep_singletons
keep_singletons()
app = QGuiApplication(["test", "-platform", "offscreen"])
action = QAction("a")
action.triggered.connect(lambda: None)
for _ in range(200_000):
    action.trigger()
    action.isVisible()
    action.isCheckable()
print("alive")
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_hundreds_of_thousands_of_calls_do_not_use_them_up() -> None:
    ended = subprocess.run([sys.executable, "-c", COUNT_DOWN], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "alive"), ended.stderr[-500:]
