"""A column over time, one line per thing that it is measured on, on a terminal or in a PNG file."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from contrato.cli._errors import Refusal, line
from contrato.cli._operations import Column, Operation

PNG_INCHES = (12.0, 6.0)
# More lines than this are told apart by nobody: the legend would hide the chart.
MOST_IN_LEGEND = 12


def check(file: str) -> None:
    """Refuse what cannot be drawn, before anything is requested.

    Args:
        file: A PNG file, or `terminal`.

    Raises:
        Refusal: A library is missing, or the file's name does not end in .png.

    """
    png = file.lower().endswith(".png")
    if file != "terminal" and not png:
        raise Refusal(f"--chart {file}: the name must end in .png; without a name the chart goes to the terminal")
    try:
        if png:
            import matplotlib  # noqa: F401
        else:
            import plotext  # noqa: F401
    except ModuleNotFoundError as error:
        raise Refusal(f"{error.name} is not installed: pip install 'contrato[chart]'") from error


class Series:
    """Collects the points of one column while answers pass.

    Args:
        operation: What is called.
        columns: The columns asked for: the first numeric one is drawn. None for the first one that has a unit.
        zone: Name of the time zone of the dates.

    Raises:
        Refusal: None of the columns is a number.

    """

    def __init__(self, operation: Operation, columns: Sequence[Column] | None, zone: str) -> None:
        candidates = [column for column in columns or operation.columns if column.numeric and (columns or column.unit)]
        if not candidates:
            raise Refusal("--chart needs a --column of numbers")
        self._column = candidates[0]
        self._operation = operation
        self._zone = zone
        date = operation.date_range["field"].rpartition("/")[2]
        depth = self._column.depth
        self._date = next(c for c in operation.columns if c.name == date and c.type == "timestamp")
        # What the request can ask for one of, like services, is what a line is of; and a main and a backup meter of one
        # service are two lines.
        named = {pointer.rpartition("/")[2] for parameter in operation.parameters for pointer in parameter.refers_to}
        self._keys = [c for c in operation.columns if (c.name in named or c.type == "boolean") and c.depth <= depth]
        self._points: dict[tuple[Any, ...], list[tuple[datetime, float]]] = {}

    def collecting(self, answers: Iterator[Any]) -> Iterator[Any]:
        """Hand the answers on, and keep the points of their rows."""
        for answer in answers:
            for row in self._operation.rows(answer):
                date, value = self._date.value(row), self._column.value(row)
                if date is not None and value is not None:
                    key = tuple(column.value(row) for column in self._keys)
                    # The clock of the API's country.
                    self._points.setdefault(key, []).append((date.replace(tzinfo=None), value))
            yield answer

    def _lines(self) -> Iterator[tuple[str, list[Any], list[float]]]:
        several = [index for index in range(len(self._keys)) if len({key[index] for key in self._points}) > 1] or [
            index for index, column in enumerate(self._keys) if column.type != "boolean"
        ][-1:]
        for key in sorted(self._points, key=repr):
            points = sorted(self._points[key])
            yield self._label(key, several), [date for date, _ in points], [value for _, value in points]

    def _label(self, key: tuple[Any, ...], several: list[int]) -> str:
        words = []
        for index in several:
            name = self._keys[index].name.removeprefix("id_").removeprefix("is_")
            if self._keys[index].type != "boolean":
                words.append(f"{name} {key[index]}")
            elif key[index]:
                words.append(name)
        return line(", ".join(words)) or "main"

    @property
    def _titles(self) -> tuple[str, str]:
        unit = f" ({self._column.unit})" if self._column.unit else ""
        return line(self._column.description.rstrip(".")), f"{self._column.name}{unit}"

    def draw(self, file: str | None) -> None:
        """Draw into a PNG file, or on the terminal if None."""
        if not self._points:
            click.echo("No rows, so no chart.", err=True)
        elif file is None:
            self._on_terminal()
        else:
            self._as_png(file)

    def _on_terminal(self) -> None:
        import plotext

        title, label = self._titles
        figure = plotext.figure
        figure.clear()
        figure.theme("simple")
        figure.date().activate(form="%Y-%m-%d")
        lines = list(self._lines())
        named = 1 < len(lines) <= MOST_IN_LEGEND
        for name, dates, values in lines:
            signal = figure.signal(dates, values).lines()
            figure.draw(signal.label(name) if named else signal)
        if named:
            # The legend covers what is below it, so there must be room for it above the lines.
            low, high = (end(end(values) for *_, values in lines) for end in (min, max))
            figure.ruler(axis="y").lim(low, high + (high - low) * (len(lines) + 1) / 10)
        figure.title(f"{title}, {lines[0][0]}" if len(lines) == 1 else title)
        figure.label(label, axis="y")
        figure.label(self._zone, axis="x")
        click.echo(figure.build().string(colorless=not sys.stdout.isatty()))

    def _as_png(self, file: str) -> None:
        from io import BytesIO

        import matplotlib
        from matplotlib.figure import Figure

        from contrato.cli._output import destination

        title, label = self._titles
        lines = list(self._lines())
        picture = BytesIO()
        with matplotlib.rc_context({"date.converter": "concise"}):
            figure = Figure(PNG_INCHES, layout="constrained")
            axes = figure.subplots()
            for name, dates, values in lines:
                axes.plot(dates, values, label=name, linewidth=1, marker="." if len(dates) < 100 else None)
            axes.set_title(title)
            axes.set_ylabel(label)
            axes.set_xlabel(self._zone)
            axes.grid(alpha=0.3)
            axes.margins(x=0.01)
            if len(lines) <= MOST_IN_LEGEND:
                axes.legend()
            figure.savefig(picture, format="png", dpi=120)
        with destination(file) as stream:
            stream.write(picture.getvalue())
