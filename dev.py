#!/usr/bin/env python3
"""Sets up everything on a fresh machine, then starts Afterimage or passes its tests.

    python3 dev.py run [--virtual]   set up, then start the app (--virtual: on a virtual screen, with a screenshot)
    python3 dev.py test [ARGS...]    set up, then linters, types, import contracts and the tests
    python3 dev.py check             the same without the tests
    python3 dev.py build             set up, then the frozen program, checked by starting it
    python3 dev.py translate         set up, then bring resources/translations in step with the code

Standard library only, and written so that an old Python can at least read it and say what is wrong. Running it
again is quick: what is installed is remembered by a stamp over pyproject.toml and constraints.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "afterimage-setup.txt"
OLDEST = (3, 11)
SCREENSHOT = ROOT / "build" / "virtual-screen.png"

# What Qt's xcb platform, OpenCV and the window facts load at run time, and the Debian/Ubuntu package of each.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libXrandr.so.2": "libxrandr2",
    "libXfixes.so.3": "libxfixes3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
# Programs of a virtual desktop, and the real programs that the end-to-end tests look at.
VIRTUAL_PROGRAMS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "trayer": "trayer",
    "xdotool": "xdotool",
    "xprop": "x11-utils",
}
TEST_PROGRAMS = {
    "xterm": "xterm",
    "xrandr": "x11-xserver-utils",  # and xset
    "chromium": "chromium",
    "dbus-daemon": "dbus-daemon",
    "mousepad": "mousepad",
}
FONTS = {
    "truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "truetype/dejavu/DejaVuSansMono.ttf": "fonts-dejavu-core",
    "X11/misc/10x20-ISO8859-1.pcf.gz": "xfonts-base",
}


class SetupError(Exception):
    """Something is missing that this script may not install; the message holds the command that mends it."""


def say(text: str) -> None:
    print(f"[afterimage] {text}", flush=True)


def call(command: list[str], **options: object) -> None:
    subprocess.run(command, check=True, cwd=ROOT, **options)  # type: ignore[call-overload]


def attend(command: list[str]) -> int:
    """Runs a program to its end, also after Ctrl-C, which it gets too and may need time to obey."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def is_debian() -> bool:
    return sys.platform == "linux" and shutil.which("apt-get") is not None


def missing_libraries() -> list[str]:
    """The Debian packages of the shared libraries that the dynamic linker does not know."""
    ldconfig = shutil.which("ldconfig") or "/sbin/ldconfig"
    known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return [package for library, package in LIBRARIES.items() if f"\t{library} " not in known]


def missing_programs(programs: dict[str, str]) -> list[str]:
    return [package for program, package in programs.items() if shutil.which(program) is None]


def missing_fonts() -> list[str]:
    return [package for font, package in FONTS.items() if not Path("/usr/share/fonts", font).exists()]


def install_packages(packages: list[str]) -> None:
    """Installs Debian packages as root or through a passwordless sudo; otherwise says which command would."""
    if not packages:
        return
    packages = sorted(set(packages))
    prefix: list[str] = []
    if os.geteuid() != 0:
        may = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if not may or may.returncode != 0:
            raise SetupError(
                "system packages are missing. Run this, then the same command again:\n"
                f"    sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"
            )
        prefix = ["sudo", "-n"]
    say(f"installing system packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    call([*prefix, "apt-get", "update", "-qq"], env=environment, stdout=subprocess.DEVNULL)
    quiet = ["-o", "Dpkg::Use-Pty=0", "-qq"]
    call(
        [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *quiet, *packages],
        env=environment,
        stdout=subprocess.DEVNULL,
    )


def set_up_system(programs: dict[str, str], fonts: bool) -> None:
    if sys.platform != "linux":
        return  # the wheels bring all they need on Windows and macOS
    packages = missing_libraries() + missing_programs(programs) + (missing_fonts() if fonts else [])
    if packages and not is_debian():
        raise SetupError(
            "system libraries or programs are missing. Install your distribution's equivalents of these Debian "
            f"packages, then run the same command again:\n    {' '.join(sorted(set(packages)))}"
        )
    install_packages(packages)


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(extras: str) -> str:
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {platform.python_version()} {extras}"


def create_venv() -> None:
    say(f"creating the virtual environment {VENV.name}")
    try:
        call([sys.executable, "-m", "venv", str(VENV)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        shutil.rmtree(VENV, ignore_errors=True)
        if not is_debian():
            raise SetupError("Python's venv module does not work here. Install it, then run this again.") from None
        # Debian keeps ensurepip in a package of its own.
        install_packages([f"python3.{sys.version_info[1]}-venv"])
        call([sys.executable, "-m", "venv", str(VENV)])


def set_up_python(extras: str) -> None:
    """The virtual environment with the pinned dependencies; nothing to do where the stamp says so."""
    wanted = fingerprint(extras)
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted and venv_python().is_file():
        return
    if not venv_python().is_file():
        create_venv()
    say("installing the Python packages (the first time this takes a few minutes)")
    python = str(venv_python())
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    started = time.monotonic()
    call([*pip, "-c", "constraints.txt", "-e", f".[{extras}]"])
    STAMP.write_text(wanted, encoding="utf-8")
    say(f"Python packages are in place ({time.monotonic() - started:.0f} s)")


def set_up(programs: dict[str, str], extras: str, fonts: bool = False) -> None:
    if shutil.which("nvidia-smi"):
        extras += ",gpu"
    set_up_system(programs, fonts)
    set_up_python(extras)


def has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(virtual: bool, arguments: list[str]) -> int:
    set_up(VIRTUAL_PROGRAMS if virtual else {}, "dev", fonts=virtual)
    python = str(venv_python())
    if virtual:
        say(f"starting on a virtual screen; its picture will be in {SCREENSHOT.relative_to(ROOT)}; Ctrl-C ends it")
        desktop = [python, "-m", "tests.helpers.desktop", "--screenshot", str(SCREENSHOT), "--"]
        return attend([*desktop, python, "-m", "ui.main", *arguments])
    if not has_display() and not arguments:
        say("there is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set.")
        say("To see the app on a virtual screen, and a screenshot of it:  python3 dev.py run --virtual")
        return 1
    return attend([python, "-m", "ui.main", *arguments])


def check() -> None:
    """Linters, types and import contracts; raises CalledProcessError at the first that fails."""
    tools = venv_python().parent
    steps = (
        ("lint", [str(tools / "ruff"), "check", "--quiet"]),
        ("format", [str(tools / "ruff"), "format", "--check", "--quiet"]),
        ("types", [str(tools / "mypy")]),
        ("import contracts", [str(tools / "lint-imports"), "--no-cache"]),
    )
    for name, command in steps:
        say(name)
        call(command)


def test(arguments: list[str]) -> int:
    set_up({**VIRTUAL_PROGRAMS, **TEST_PROGRAMS} if sys.platform == "linux" else {}, "dev", fonts=True)
    check()
    say("tests")
    return attend([str(venv_python()), "-m", "pytest", *arguments])


def build() -> int:
    set_up({}, "dev")
    return attend([str(venv_python()), "-m", "tests.bench.frozen"])


def translate() -> int:
    set_up({}, "dev")
    return attend([str(venv_python()), "-m", "tests.helpers.translations"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up Afterimage, start it, or pass its tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    run_command = commands.add_parser("run", help="set up and start the app; further words go to the app")
    run_command.add_argument("--virtual", action="store_true", help="on a virtual screen (Xvfb and openbox)")
    commands.add_parser("test", help="set up and pass the tests; further words go to pytest")
    commands.add_parser("check", help="set up, then linters, types and import contracts")
    commands.add_parser("build", help="set up, then build and start the frozen program")
    commands.add_parser("translate", help="set up, then look for new texts and compile the translations")
    options, rest = parser.parse_known_args()
    if rest and options.command not in ("run", "test"):
        parser.error(f"unrecognised: {' '.join(rest)}")
    if sys.version_info < OLDEST:
        say(f"Python {'.'.join(map(str, OLDEST))} or newer is needed; this is {platform.python_version()}.")
        return 1
    try:
        if options.command == "run":
            return run(options.virtual, rest)
        if options.command == "test":
            return test(rest)
        if options.command == "check":
            set_up({}, "dev")
            check()
            return 0
        return build() if options.command == "build" else translate()
    except SetupError as error:
        say(str(error))
        return 1
    except subprocess.CalledProcessError as error:
        say(f"this step failed: {' '.join(map(str, error.cmd))}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
