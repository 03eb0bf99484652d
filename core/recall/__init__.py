"""Question + memory + timeline -> an answer with the moments that prove it. Never an invented one."""

from core.recall.answer import Answer, Origin, Statement
from core.recall.follow_up import Turn
from core.recall.question import MAX_QUESTION
from core.recall.recall import Recall

__all__ = ["MAX_QUESTION", "Answer", "Origin", "Recall", "Statement", "Turn"]
