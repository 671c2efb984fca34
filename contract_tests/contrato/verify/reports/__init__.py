"""Reports of a run: at a terminal, as HTML, JUnit XML and HAR; and baselines of failures that are accepted."""

from contrato.verify.reports import baseline, har, html, junit, terminal

__all__ = ["baseline", "har", "html", "junit", "terminal"]
