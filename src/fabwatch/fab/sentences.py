"""What pages make of parts of answers: sentences in the language of a reader, an envelope laid around a stretch."""

from fabwatch.trace.envelope import laid
from fabwatch.trace.faults import reason, sensor_sentence

__all__ = ["laid", "reason", "sensor_sentence"]
