"""The command line: the same engine, without a window. ``main`` is what the program's entry point calls.

Commands import what they need when they run, so that ``--help`` and ``status`` are quick. Errors are sentences;
``--debug`` shows where they come from.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from app.paths import paths_in, user_paths
from app.spoken import Bar, Duration, plain, status_lines, to_errors, told_error
from core.errors import AfterimageError, EngineUnreachableError, InputError

FAILED: Final = 1
INTERRUPTED: Final = 130
AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="afterimage")
@click.option("--debug", is_flag=True, help="show where an error comes from")
def cli(debug: bool) -> None:
    """A desktop assistant that remembers what your screen showed, on your own machine.

    Without a command, the desktop app starts.
    """


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the process's exit status: 0, 1 (told why), 2 (wrong usage), 130 (interrupted)."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["engine"]:  # how a frozen program starts its engine; not for people, so not in the help
        from app.engine import main as engine

        return engine(given[1:])
    try:
        result = cli.main(given, prog_name="afterimage", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        to_errors("Interrupted.")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AfterimageError as error:
        if "--debug" in given:
            raise
        to_errors(told_error(error))
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, and Python would complain on its way out
        return FAILED
    except Exception as error:
        if "--debug" in given:
            raise
        to_errors(f"This is a bug in Afterimage ({type(error).__name__}). `afterimage --debug ...` shows where.")
        return FAILED


# --- recording -------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--source", "sources", multiple=True, metavar="screen|webcam|PATH", help="what to record [screen]")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="end after that long")
@click.option("--fps", type=click.FloatRange(min=0, min_open=True), help="frames a second of a folder of pictures")
@AS_JSON
def watch(sources: tuple[str, ...], seconds: float | None, fps: float | None, as_json: bool) -> None:
    """Record without a window, until Ctrl-C. Running this is the consent to record.

    With an engine that records already, this only shows what it does.
    """
    from app.watching import watch_until

    names = tuple(_source_name(source) for source in sources) or ("screen",)
    watch_until(user_paths(), names, fps, seconds, as_json=as_json)


@cli.command()
@click.argument("duration", required=False, type=Duration())
def pause(duration: float | None) -> None:
    """Stop recording for a time (10m, 1h), or until resumed."""
    from app.client import connect

    try:
        client = connect(start=False)
    except EngineUnreachableError:
        click.echo("Nothing is being recorded: no engine is running.")
        return
    with client:
        client.pause(duration)
    click.echo("Paused." if duration is None else f"Paused for {timedelta(seconds=round(duration))}.")


@cli.command()
def resume() -> None:
    """Record again after a pause."""
    from app.client import connect

    with connect(start=False) as client:
        client.resume()
        state = client.status().state
    click.echo("Recording is not switched on." if state == "idle" else "Resumed.")


@cli.command()
@click.option("--last", type=Duration(), metavar="TIME", help="what was seen in the last 10m, 1h, 2d ...")
@click.option("--since", metavar="WHEN", help="what was seen since then, local time: 2026-11-22T14:00")
@click.option("--end", metavar="WHEN", help="only what was seen until then; alone: everything until then")
@click.option("--moment", "moments", multiple=True, type=click.IntRange(min=1), metavar="NUMBER", help="this moment")
@click.option("--all", "everything", is_flag=True, help="everything")
@click.option("--yes", is_flag=True, help="do not ask back")
@AS_JSON
def forget(
    last: float | None,
    since: str | None,
    end: str | None,
    moments: tuple[int, ...],
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete moments, their pictures and text, and take the memory back to before them.

    It is asked back about, unless --yes. Without a terminal to ask on, --last and --since alone delete at once; the
    others (--end, --moment, whose number stands below an answer, and --all) want --yes.
    """
    if sum((last is not None, since is not None or end is not None, bool(moments), everything)) != 1:
        raise click.UsageError("Give one of --last TIME, --since WHEN, --end WHEN, --moment NUMBER, --all.")
    from app.forgetting import Order
    from app.forgetting import forget as forget_ordered

    start, until = (None if time is None else _time(time) for time in (since, end))
    # A program or a key that wipes the last minutes has nobody to ask; a person may have mistyped the time.
    must_ask = until is not None or bool(moments) or everything
    ask_back = not yes and (must_ask or sys.stdin.isatty())
    forget_ordered(Order(last, start, until, moments), ask_back=ask_back, as_json=as_json)


@cli.command()
@AS_JSON
def status(as_json: bool) -> None:
    """What the engine is doing, truthfully."""
    from app.client import connect
    from core.frame import utc_now

    try:
        with connect(start=False) as client:
            told = client.status()
    except EngineUnreachableError:
        nothing: dict[str, Any] = {"state": "not_running", "reason": "No engine is running: nothing is recorded."}
        click.echo(json.dumps(nothing) if as_json else nothing["reason"])
        return
    if as_json:
        click.echo(told.model_dump_json())
    else:
        click.echo("\n".join(status_lines(told, utc_now())))


@cli.command()
def quit() -> None:  # noqa: A001 - the command's name
    """End the engine, after saving what it remembers. Nothing is recorded any more."""
    from app.client import connect

    try:
        with connect(start=False) as client:
            client.shutdown()
    except EngineUnreachableError:
        click.echo("No engine is running.")


# --- asking ----------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("question")
@click.option("--memory-only", is_flag=True, help="from the model's memory alone, without searching the timeline")
@click.option("--picture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="ask about a picture")
@AS_JSON
def ask(question: str, memory_only: bool, picture: Path | None, as_json: bool) -> None:
    """Ask about what was on the screen. Works without a running engine, from the saved memory."""
    from app.client import connect
    from app.questions import put_question

    data = None if picture is None else picture.read_bytes()
    with connect() as client:
        put_question(client, question, memory_only=memory_only, picture=data, as_json=as_json)


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--fps", type=click.FloatRange(min=0, min_open=True), help="frames a second of a folder of pictures")
@click.option("--ask", "questions", multiple=True, metavar="QUESTION", help="asked when all was seen and read")
@click.option("--memory-only", is_flag=True, help="answer from the model's memory alone")
@click.option("--keep", is_flag=True, help="add it to your own memory instead of a temporary one")
@AS_JSON
def replay(
    path: Path, fps: float | None, questions: tuple[str, ...], memory_only: bool, keep: bool, as_json: bool
) -> None:
    """Feed a video or a folder of pictures through the very same line, then ask.

    With --json: one line for each question, or one about the replay without questions.
    """
    from app.questions import replayed

    path = path.absolute()
    if not path.exists():
        raise InputError(f"{plain(str(path))} does not exist.", "Give a video file or a folder of pictures.")
    if keep:
        replayed(user_paths(), path, fps, questions, memory_only=memory_only, as_json=as_json, own=True)
        return
    home = Path(tempfile.mkdtemp(prefix="afterimage-replay-"))
    try:
        paths = paths_in(home)
        paths.prepare()
        if user_paths().settings.is_file():
            shutil.copyfile(user_paths().settings, paths.settings)  # the same exclusions, the same model
        replayed(paths, path, fps, questions, memory_only=memory_only, as_json=as_json, own=False)
    finally:
        shutil.rmtree(home, ignore_errors=True)


# --- settings, models, the machine -----------------------------------------------------------------------------


@cli.group(invoke_without_command=True)
@AS_JSON
@click.pass_context
def settings(context: click.Context, as_json: bool) -> None:
    """List the settings; `settings get NAME`, `settings set NAME VALUE`."""
    if context.invoked_subcommand is not None:
        return
    from app.settings import load

    loaded = load(user_paths())
    _tell_notices(loaded.notices)
    if as_json:
        click.echo(json.dumps([info.model_dump() for info in loaded.settings.infos()]))
        return
    for info in loaded.settings.infos():
        click.echo(f"{info.name} = {info.value}\n    {info.description} ({info.type})")


@settings.command("get")
@click.argument("name")
def settings_get(name: str) -> None:
    """One setting: its value, type, default and description."""
    from app.settings import load, split

    split(name)
    loaded = load(user_paths())
    _tell_notices(loaded.notices)
    info = next(info for info in loaded.settings.infos() if info.name == name)
    click.echo(info.value)
    to_errors(f"{info.description} ({info.type}; default: {info.default or 'nothing'})")


@settings.command("set")
@click.argument("name")
@click.argument("value")
def settings_set(name: str, value: str) -> None:
    """Change one setting; a running engine takes it up at once."""
    from app.client import connect
    from app.settings import load, store

    try:
        client = connect(start=False)
    except EngineUnreachableError:
        paths = user_paths()
        paths.prepare()
        store(paths, name, value)
        return
    with client:
        client.change_setting(name, value)
        told = client.status()
    if name == "privacy.memory_only" and told.moments and load(user_paths()).settings.privacy.memory_only:
        to_errors(f"{told.moments} moments from before are still on disk. To delete them: afterimage forget --all")


@settings.command("path")
def settings_path() -> None:
    """Where the settings file is."""
    click.echo(str(user_paths().settings))


@cli.group()
def models() -> None:
    """The models on this machine, and those that can be downloaded."""


@models.command("list")
@AS_JSON
def models_list(as_json: bool) -> None:
    """What there is, and which one is used."""
    from app.models import models as known
    from app.settings import load
    from app.spoken import size

    paths = user_paths()
    found = known(paths, load(paths).settings.model.path)
    if as_json:
        rows = [
            {
                "name": model.name,
                "description": model.description,
                "folder": str(model.folder) if model.folder else None,
                "present": model.present,
                "chosen": model.chosen,
                "bytes": model.size,
            }
            for model in found
        ]
        click.echo(json.dumps(rows))
        return
    for model in found:
        mark = "*" if model.chosen else " "
        here = (size(model.size) if model.size else "here") if model.present else "not on this machine"
        click.echo(f"{mark} {model.name:<14} {here:<20} {model.description}")


@models.command("get")
@click.argument("name")
@click.option("--use", is_flag=True, help="answer with it from now on")
def models_get(name: str, use: bool) -> None:
    """Download a model (infinitevl, or owner/name on the Hugging Face hub) and verify it."""
    from app.models import get

    bar = Bar()
    try:
        folder = get(user_paths(), name, bar)
    finally:
        bar.close()
    click.echo(str(folder))
    if use:
        click.get_current_context().invoke(settings_set, name="model.path", value=str(folder))
    else:
        to_errors(f"To use it: afterimage settings set model.path {folder}")


@models.command("verify")
@click.argument("name")
@AS_JSON
def models_verify(name: str, as_json: bool) -> None:
    """Compare a downloaded model's files with their checksums."""
    from app.models import folder_of, verify

    bar = Bar()
    try:
        checked = verify(folder_of(user_paths(), name), bar)
    finally:
        bar.close()
    if as_json:
        click.echo(json.dumps({"files": checked.files, "troubles": checked.troubles}))
    else:
        click.echo("\n".join(checked.troubles) or f"All {checked.files} files are as published.")
    if checked.troubles:
        raise click.exceptions.Exit(FAILED)


@cli.command()
@AS_JSON
def doctor(as_json: bool) -> None:
    """What is missing on this machine, and the command that mends it."""
    from app.doctor import examine

    missing = False
    for finding in examine(user_paths()):
        missing = missing or finding.state == "missing"
        if as_json:
            click.echo(json.dumps(vars(finding)))
            continue
        mark = {"good": "  ok", "note": "note", "missing": "MISS"}[finding.state]
        click.echo(f"{mark}  {finding.subject:<10} {finding.message}")
        if finding.remedy:
            click.echo(f"                 -> {finding.remedy}")
    if missing:
        raise click.exceptions.Exit(FAILED)


@cli.command()
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="a model's folder")
@click.option("--random", type=click.Choice(["4b"]), help="random weights of the published size, for speed alone")
@AS_JSON
def bench(model: Path | None, random: str | None, as_json: bool) -> None:
    """Measure this machine: seeing, answering, searching; beside each time what the machine allows at best."""
    from app.bench import HEAD, line, measure
    from app.settings import load

    chosen = load(user_paths()).settings.model
    folder = model or (Path(chosen.path).expanduser() if chosen.path else None)
    if not as_json:
        click.echo(HEAD)
    for figure in measure(folder, chosen.device, random):
        click.echo(json.dumps(vars(figure)) if as_json else line(figure))


def _tell_notices(notices: tuple[str, ...]) -> None:
    for notice in notices:
        to_errors(notice)


def _source_name(source: str) -> str:
    from app.sources import is_live

    return source if is_live(source) else str(Path(source).absolute())


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise InputError(f"{plain(text)[:50]!r} is no time.", "Write it like 2026-11-22T14:00.") from None
