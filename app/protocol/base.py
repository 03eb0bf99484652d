"""What every message of the protocol is, and the limits of what one may hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

PROTOCOL_VERSION = 3
MAX_QUESTION = 4_000  # characters; longer ones are refused with a clear error, never cut silently
MAX_MESSAGE = 64 * 2**20  # bytes
LONGEST = 100 * 365 * 86_400.0  # seconds; what is longer is a mistake
LARGEST_ID = 2**63 - 1
MAX_ANSWER = 20_000  # characters of an answer that a later question goes on from
MAX_TURNS = 8
MAX_SLOTS = 2_000
UNASKED = -1  # the number of a Failure that answers no request: a message that could not be read


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")
