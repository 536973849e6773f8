"""`deepfake-inspector data audit`."""

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from pipeline.commands import options


@click.command(short_help="Ask whether something other than the face tells the label.")
@click.argument("records", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.max_cue_auc
@click.option("--strict", is_flag=True, help="End with an error when there is a shortcut.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one page with dataset card, audit, statistics and TFDV's Facets.",
)
@options.as_json
def audit(records: Path, max_cue_auc: float, strict: bool, page: Path | None, as_json: bool) -> None:
    """Audits imported RECORDS: how well size, format, JPEG quantisation, file size, brightness, saturation, sharpness
    and fine detail, each alone and all together, tell real from fake.

    An AUC of 0.5 tells nothing, one of 1 everything.
    """
    from rich.console import Console

    from data.options import IN_MEMORY_RUNNER
    from pipeline.terminal.library_output import library_output_to

    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log") as person:
        from data.audit.records import audit_records

        found = audit_records(records, max_cue_auc)
        if page:
            with Console(file=person).status("computing statistics"):
                from data.audit.page import write_page

                write_page(found, records, page, [IN_MEMORY_RUNNER])
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in found.shortcuts]))
    else:
        from pipeline.terminal.audit_text import audit_text

        Console(soft_wrap=True).print(audit_text(found))
        if page:
            click.echo(f"\n{page}")
    if strict:
        found.check()
