"""D-Bus, as far as it is needed here: calls, properties and signals over one blocking connection.

Through jeepney: pure Python, no dependency of its own, no event loop to run beside ours, and it hands over the file
descriptors that screen casts come with. A connection belongs to one thread at a time.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Message, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from jeepney.wrappers import unwrap_msg

from core.errors import EnvironmentTroubleError

CALL_SECONDS = 5.0

Variants = dict[str, tuple[str, Any]]  # name -> (signature, value): what D-Bus calls a{sv}


class BusError(EnvironmentTroubleError):
    """Nobody answers on the bus, or not as wanted. ``message`` names the service, not what it said."""


class Bus:
    """Raises BusError where there is no such bus."""

    def __init__(self, kind: Literal["SESSION", "SYSTEM"] = "SESSION") -> None:
        with _told("The desktop's message bus"):
            self._connection: DBusConnection = open_dbus_connection(kind, enable_fds=True)

    @property
    def name(self) -> str:
        """This connection's own name, such as ``:1.42``."""
        return str(self._connection.unique_name)

    def fileno(self) -> int:
        """For ``select``; a message may also wait in memory already: see ``pending``."""
        return int(self._connection.sock.fileno())

    def call(
        self,
        address: DBusAddress,
        method: str,
        signature: str | None = None,
        body: tuple[Any, ...] = (),
        seconds: float = CALL_SECONDS,
    ) -> tuple[Any, ...]:
        """The reply's values. Raises BusError."""
        with _told(address.bus_name):
            message = new_method_call(address, method, signature, body)
            reply = self._connection.send_and_get_reply(message, timeout=seconds)
            return tuple(unwrap_msg(reply))

    def property(self, address: DBusAddress, name: str) -> Any:
        """A property's value. Raises BusError, also where there is none of this name."""
        with _told(address.bus_name):
            reply = self._connection.send_and_get_reply(Properties(address).get(name), timeout=CALL_SECONDS)
            return unwrap_msg(reply)[0][1]

    @contextlib.contextmanager
    def hearing(self, rule: MatchRule) -> Iterator[Callable[[float | None], Message]]:
        """Subscribes to signals; calling what it gives waits for the next one (seconds; None: for ever).

        That call raises BusError when none comes in time or the bus goes away.
        """
        queue: deque[Message] = deque()
        with _told("The desktop's message bus"):
            Proxy(message_bus, self._connection, timeout=CALL_SECONDS).AddMatch(rule)

        def following(seconds: float | None) -> Message:
            with _told("The desktop's message bus"):
                return self._connection.recv_until_filtered(queue, timeout=seconds)

        with self._connection.filter(rule, queue=queue):
            yield following

    def pending(self) -> Message | None:
        """A message that is here already; None: there is none. Raises BusError when the bus went away."""
        with _told("The desktop's message bus"):
            try:
                return self._connection.receive(timeout=0)
            except TimeoutError:
                return None

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def _told(service: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise BusError(f"{service} does not answer.", "Log in again.") from error
    except DBusErrorResponse as error:
        raise BusError(f"{service} cannot do this here ({error.name}).") from error
    except (OSError, KeyError, RuntimeError) as error:
        raise BusError(f"{service} cannot be reached.", "Start the program from a desktop session.") from error
