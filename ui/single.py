"""One desktop a user: a second start brings the first one's window up and ends."""

from __future__ import annotations

from hashlib import sha256

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

ANSWER_MS = 500


class Single(QObject):
    """Holds the name of this user's desktop. ``summoned``: somebody started the program again."""

    summoned = Signal()

    def __init__(self, place: str) -> None:
        """``place``: the folder of this user's data; desktops of different folders do not meet."""
        super().__init__()
        self._name = f"afterimage-desktop-{sha256(place.encode()).hexdigest()[:16]}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)

    def first(self) -> bool:
        """True where no other desktop runs; otherwise that one was asked to show itself."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(ANSWER_MS):
            socket.disconnectFromServer()
            return False
        if not self._server.listen(self._name):
            # What a killed desktop left behind is in the way, since nobody answers on it.
            QLocalServer.removeServer(self._name)
            self._server.listen(self._name)
        return True

    def close(self) -> None:
        self._server.close()

    def _greet(self) -> None:
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.disconnected.connect(caller.deleteLater)
            self.summoned.emit()
