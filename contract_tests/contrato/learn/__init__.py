"""Learn from traffic where operations and arguments are, and what answers are like."""

from contrato.learn import reports
from contrato.learn.learning import ExitCode, Learned, learn, lost
from contrato.learn.live import record
from contrato.verify.reports.report import UsageError

__all__ = ["ExitCode", "Learned", "UsageError", "learn", "lost", "record", "reports"]
