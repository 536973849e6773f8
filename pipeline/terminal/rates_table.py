"""Tables of decision metrics that fit a terminal of 80 columns."""

from rich.table import Table

RATES = ("accuracy", "precision_real", "precision_fake", "recall_real", "recall_fake")
_HEADINGS = ("\nacc.", "prec.\nreal", "prec.\nfake", "recall\nreal", "recall\nfake")
_TEXT_COLUMNS = ("stage", "split", "slice", "phase", "blessed")


def rates_table(title: str, headings: tuple[str, ...]) -> Table:
    """An empty table of these columns and the rates."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for heading in (*(f"\n{heading}" for heading in headings), *_HEADINGS):
        is_text = heading.strip() in _TEXT_COLUMNS
        # A long name goes on in the next line; cut short it would not name the slice.
        table.add_column(
            heading, justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text
        )
    return table


def rate(value: float | None) -> str:
    """A metric in [0, 1], or a dash where it is undefined."""
    return "-" if value is None else f"{value:.3f}"
