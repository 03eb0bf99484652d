"""The thread that reads the text of moments, at the lowest priority. The timeline is its queue.

What is read is made ready for searching by meaning too, in small batches, and so is a timeline from before that was.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from app.notices import Notices
from core.errors import AfterimageError
from core.timeline.ocr import Reader, read_unread

if TYPE_CHECKING:
    from core.timeline.store import Timeline

LOOK_AGAIN: Final = 5.0  # seconds, when nobody said that there is something new
TROUBLE_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


class ReadingThread:
    def __init__(self, timeline: Timeline, reader: Reader, notices: Notices) -> None:
        self._timeline = timeline
        self._reader = reader
        self._notices = notices
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="reading")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns once the moment being read is done; the rest is read after the next start."""
        self._stopping.set()
        self._news.set()
        self._thread.join()

    def wake(self) -> None:
        """There may be something to read."""
        self._news.set()

    def _live(self) -> None:
        lowest_priority()
        while not self._stopping.is_set():
            self._news.clear()
            try:
                read = read_unread(self._timeline, self._reader, limit=1)
                embedded = self._embedded()
                if read or embedded:
                    self._notices.clear("reading")
                    continue
            except AfterimageError as error:
                self._notices.put("reading", str(error))
                self._stopping.wait(TROUBLE_PAUSE)
            except Exception:
                log.exception("a moment's text could not be read")
                self._notices.put("reading", "Reading text from pictures fails; see the log.")
                self._stopping.wait(TROUBLE_PAUSE)
            self._news.wait(LOOK_AGAIN)

    def _embedded(self) -> int:
        """How many words of what was read were given their meaning; trouble with that does not hold up reading."""
        try:
            count = self._timeline.meaning.embed()
        except AfterimageError as error:
            self._notices.put("meaning", str(error))
            return 0
        self._notices.clear("meaning")
        return count


def lowest_priority() -> None:
    """Puts this thread, and those it starts, behind all others; where the system cannot, the process's is low."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
