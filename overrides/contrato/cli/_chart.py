"""Columns over time, one panel each and one line per thing that is measured, on a terminal or in a PNG file."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

import click

from contrato.cli._errors import Refusal, line
from contrato.cli._operations import columns_of, keys, labels, noun, options
from contrato.core.spec import Operation
from contrato.core.tables import Column, tables

PNG_WIDTH = 12.0  # inches
PANEL_HEIGHT = 5.0
# For a terminal, of 256 colours: seen on black and on white, and told apart. More lines nobody tells apart.
COLOURS = (33, 208, 35, 163, 160, 37, 136, 99)
# A panel of a terminal with less rows shows nothing.
LEAST_ROWS = 12


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
        import matplotlib  # noqa: F401

        if not png:
            import plotext  # noqa: F401
    except ModuleNotFoundError as error:
        raise Refusal(f"{error.name} is not installed: pip install 'contrato[chart]'") from error


@dataclass(frozen=True)
class Line:
    """What is drawn of one thing that is measured.

    Attributes:
        label: Its name.
        group: Number of the thing, which has a colour or a letter.
        secondary: Whether it repeats what others measure, as a backup meter does.
        dates: In order.
        values: For each column a value, or NaN, for each date.

    """

    label: str
    group: int
    secondary: bool
    dates: Sequence[datetime]
    values: Sequence[Sequence[float]]


class Series:
    """Collects the points of columns while answers pass.

    Args:
        operation: What is called.
        columns: The columns asked for: those of numbers are drawn. None for the first one that has a unit.

    Raises:
        Refusal: None of the columns is a number.

    """

    def __init__(self, operation: Operation, columns: Sequence[Column] | None) -> None:
        if columns is None:
            # (What is below another object, like a payment of a bill, is seldom what is looked for.)
            measured = [column for column in columns_of(operation) if column.numeric and column.schema.unit]
            self._columns = sorted(measured, key=lambda column: len(column.path))[:1]
        else:
            self._columns = [column for column in columns if column.numeric]
        if not self._columns:
            raise Refusal("--chart needs a --column of numbers")
        self._operation = operation
        assert operation.date_range is not None
        date = operation.date_range.field.rpartition("/")[2]
        self._date = next(c for c in columns_of(operation) if c.name == date and c.type == "timestamp")
        # What is measured, like a service, is one line; and its main and its backup meter are two.
        self._things = [column for column in keys(operation) if column.type != "boolean"]
        self._kinds = [column for column in keys(operation) if column.type == "boolean"]
        self._names = [column for thing in reversed(self._things) for column in labels(operation, thing)]
        self._points: dict[tuple[Any, ...], list[tuple[datetime, list[float]]]] = {}
        self._named: dict[tuple[Any, ...], list[Any]] = {}

    def collecting(self, answers: Iterator[Any]) -> Iterator[Any]:
        """Hand the answers on, and keep the points of their rows."""
        found = tables(self._operation)
        for answer in answers:
            for row in found.rows.chains(found.items(answer)):
                date = self._date.value(row)
                values = [column.value(row) for column in self._columns]
                if date is None or all(value is None for value in values):
                    continue
                thing = tuple(column.value(row) for column in self._things)
                key = (thing, tuple(bool(column.value(row)) for column in self._kinds))
                self._named.setdefault(thing, [column.value(row) for column in self._names])
                numbers = [float("nan") if value is None else value for value in values]
                # The clock of the API's country.
                self._points.setdefault(key, []).append((date.replace(tzinfo=None), numbers))
            yield answer

    def _lines(self, most: int) -> list[Line]:
        """Return the lines, only those of the things with the greatest values if there are too many, and say so."""
        # In the order of the answer, as in a table of it.
        things = list(dict.fromkeys(thing for thing, _ in self._points))
        if len(things) > most:
            greatest = dict.fromkeys(things, 0.0)
            for (thing, _), points in self._points.items():
                # (NaN is equal to nothing, so that it never is the greatest.)
                found = (abs(value) for _, values in points for value in values[:1] if value == value)
                greatest[thing] = max(greatest[thing], *found, 0.0)
            firsts = {thing for thing, kinds in self._points if not any(kinds)}
            kept = sorted(things, key=lambda thing: (thing in firsts, greatest[thing]), reverse=True)[:most]
            narrowing = " or ".join(f"--{o}" for p, o in options(self._operation).items() if p.refers_to)
            click.echo(
                f"Drawn are the {len(kept)} of {len(things)} with the greatest values; choose with {narrowing}.",
                err=True,
            )
            things = [thing for thing in things if thing in kept]
        labels = self._labels(things)
        mains = any(not any(kinds) for thing, kinds in self._points if thing in things)
        lines = []
        shown = [key for key in self._points if key[0] in things]
        for thing, kinds in sorted(shown, key=lambda key: (things.index(key[0]), key[1])):
            points = sorted(self._points[thing, kinds], key=lambda point: point[0])
            words = [noun(column) for column, kind in zip(self._kinds, kinds, strict=True) if kind]
            lines.append(
                Line(
                    label=", ".join([labels[thing], *words]),
                    group=things.index(thing),
                    secondary=any(kinds) and mains,
                    dates=[date for date, _ in points],
                    values=list(zip(*(values for _, values in points), strict=True)),
                )
            )
        return lines

    def _labels(self, things: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], str]:
        """Name each thing: by its name if it has one, and by its ids where two have the same."""
        names = {thing: next((line(str(name)) for name in self._named[thing] if name), "") for thing in things}
        labels = {}
        for thing in things:
            ids = ", ".join(f"{noun(c)} {value}" for c, value in zip(self._things, thing, strict=True))
            twins = [other for other in things if names[other] == names[thing]]
            words = [names[thing], line(ids) if len(twins) > 1 or not names[thing] else ""]
            labels[thing] = ", ".join(filter(None, words)) or self._operation.summary
        return labels

    def _title(self, column: Column) -> str:
        return line(column.schema.text.partition(". ")[0].rstrip("."))

    def _axis(self, column: Column) -> str:
        return f"{column.name} ({column.schema.unit})" if column.schema.unit else column.name

    def draw(self, file: str | None, terminal: TextIO) -> None:
        """Draw into a PNG file, or on a terminal if None."""
        if not self._points:
            click.echo("No rows, so no chart.", err=True)
        elif file is None:
            self._on_terminal(terminal)
        else:
            self._as_png(file)

    def _on_terminal(self, terminal: TextIO) -> None:
        coloured = terminal.isatty()
        every = self._lines(len(COLOURS))
        lines = [one for one in every if not one.secondary]
        size = shutil.get_terminal_size()
        legend = _legend(lines, size.columns, coloured)
        told = len(lines) < len(every)
        # Below the charts are the legend, a word about what is left out, and the prompt.
        rows = (size.lines - len(legend) - told - 1) // len(self._columns)
        for index, column in enumerate(self._columns):
            panel = self._panel(index, column, lines, size.columns, max(rows, LEAST_ROWS), coloured)
            click.echo(panel, file=terminal)
        for text in legend:
            click.echo(text, file=terminal)
        if told:
            kinds = ", ".join(noun(column) for column in self._kinds)
            click.echo(f"Not drawn over the main ones: {kinds}; a PNG has them.", err=True)

    def _panel(self, index: int, column: Column, lines: Sequence[Line], width: int, height: int, coloured: bool) -> str:
        import plotext
        from matplotlib import dates as untyped
        from matplotlib.ticker import MaxNLocator

        figure = plotext.figure
        figure.clear()
        figure.theme("colorless")
        figure.date(axis="x").activate(form="%Y-%m-%d %H:%M:%S")
        figure.plot_size(width, height)
        low, high = _limits([value for one in lines for value in one.values[index] if value == value])
        first, last = (end(date for one in lines for date in one.dates) for end in (min, max))
        for one in lines:
            # Without colours letters tell the lines apart.
            marker = plotext.marker("hd", COLOURS[one.group]) if coloured else plotext.marker(_letter(one.group))
            points = [(date, value) for date, value in zip(one.dates, one.values[index], strict=True) if value == value]
            if points:
                figure.draw(figure.signal(*map(list, zip(*points, strict=True)), marker=marker).lines())
        values = [value for value in MaxNLocator(max(2, height // 4)).tick_values(low, high) if low <= value <= high]
        decimals = max(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values)
        figure.ruler(axis="y").lim(low, high)
        figure.ruler(axis="y").ticks(values, [f"{value:,.{decimals}f}" for value in values])
        calendar: Any = untyped
        locator = calendar.AutoDateLocator(minticks=2, maxticks=max(3, width // 14))
        marks = [calendar.num2date(number).replace(tzinfo=None) for number in locator.tick_values(first, last)]
        dates = [date for date in marks if first <= date <= last] or [first]
        figure.ruler(axis="x").ticks(dates, [date.strftime(_date_format(dates)) for date in dates])
        title = f"{self._axis(column)}: {self._title(column)}"
        figure.title((f"{lines[0].label}, {title}" if len(lines) == 1 else title)[:width])
        figure.label(str(self._operation.api.time_zone), axis="x")
        text: str = figure.build().string(colorless=not coloured)
        return text.rstrip("\n")

    def _as_png(self, file: str) -> None:
        from io import BytesIO

        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.ticker import StrMethodFormatter

        from contrato.cli._output import destination

        # matplotlib has ten colours.
        lines = self._lines(10)
        picture = BytesIO()
        with matplotlib.rc_context({"date.converter": "concise"}):
            figure = Figure((PNG_WIDTH, PANEL_HEIGHT * len(self._columns)), layout="constrained")
            panels = figure.subplots(len(self._columns), sharex=True, squeeze=False)[:, 0]
            for index, (column, axes) in enumerate(zip(self._columns, panels, strict=True)):
                for one in lines:
                    # Below the line, and wider, so that both are seen where they are the same.
                    style = {"linewidth": 6, "alpha": 0.3} if one.secondary else {"linewidth": 1.2, "zorder": 3}
                    marker = "." if len(one.dates) < 100 and not one.secondary else None
                    axes.plot(
                        one.dates, one.values[index], label=one.label, color=f"C{one.group}", marker=marker, **style
                    )
                axes.set_title(self._title(column))
                axes.set_ylabel(self._axis(column))
                axes.set_ylim(*_limits([value for one in lines for value in one.values[index] if value == value]))
                axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
                axes.grid(alpha=0.3)
                axes.margins(x=0.01)
            axes.set_xlabel(str(self._operation.api.time_zone))
            figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False)
            figure.savefig(picture, format="png", dpi=120)
        with destination(file) as stream:
            stream.write(picture.getvalue())
        click.echo(f"Chart in {line(file)}.", err=True)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis: from 0, except for what varies little and far from it, like a voltage."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    space = 0.05 * (high - low) or abs(high) / 10 or 1.0
    if low >= 0 and low <= high / 2:
        return 0.0, high + space
    return low - space, high + space


def _date_format(dates: Sequence[datetime]) -> str:
    if any((date.hour, date.minute) != (0, 0) for date in dates):
        return "%m-%d %H:%M"
    return "%Y-%m-%d" if len(dates) == 1 or any(date.day != 1 for date in dates) else "%Y-%m"


def _letter(group: int) -> str:
    return chr(ord("A") + group)


def _legend(lines: Sequence[Line], width: int, coloured: bool) -> list[str]:
    """Return rows of a terminal that tell which line is what."""
    from rich.cells import cell_len, set_cell_size

    if len(lines) < 2:
        return []
    widest = min(max(cell_len(one.label) for one in lines), width - 4)
    entries = []
    for one in lines:
        text = set_cell_size(one.label, widest)
        mark = click.style("━━", fg=COLOURS[one.group]) if coloured else f"{_letter(one.group)} "
        entries.append(f"{mark} {text}")
    across = max(1, (width + 2) // (widest + 5))
    return ["  ".join(entries[start : start + across]).rstrip() for start in range(0, len(entries), across)]
