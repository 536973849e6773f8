"""Options that several commands share."""

import dataclasses
import functools
from pathlib import Path

import click

from data.defaults import MAX_CUE_AUC
from pipeline.beam.profiles import PROFILES

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON on standard output.")

max_cue_auc = click.option(
    "--max-cue-auc",
    type=click.FloatRange(0.5, 1.0),
    default=MAX_CUE_AUC,
    show_default=True,
    help="How well a cue may tell the label before it counts as a shortcut.",
)

beam = click.option(
    "--beam",
    type=click.Choice(tuple(PROFILES)),
    help="Where Beam's work is done; `beam profiles` explains them.  [default: direct]",
)

workspace = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("workspace"),
    show_default=True,
    help="The folder that holds records, metadata, artifacts, models, reports and logs.",
)


@dataclasses.dataclass(frozen=True)
class AskedServer:
    """Who is asked, as the options of `server` say it.

    Attributes:
        address: HOST:PORT.
        model_name: as the server calls it.
        version: of the model; None for the newest, or that of the label.
        label: of a version.
        timeout_s: seconds to wait for an answer.
        tls: whether the connection is encrypted.
        tls_files: PEM files of authorities, own key and own certificate; each None where not given.
    """

    address: str
    model_name: str
    version: int | None
    label: str | None
    timeout_s: float
    tls: bool
    tls_files: tuple[Path | None, Path | None, Path | None]

    def client(self):
        """A new `serving.client.Client`, to be closed.

        Raises:
            BadInputError: what the options say cannot be used.
        """
        from serving.client import Client, Tls

        return Client(
            self.address,
            model_name=self.model_name,
            version=self.version,
            label=self.label,
            timeout_s=self.timeout_s,
            tls=Tls.from_files(*self.tls_files) if self.tls or any(self.tls_files) else None,
        )


def server(function):
    """Adds who is asked, and how; the function receives it as `server`, an `AskedServer`."""
    from serving.defaults import GRPC_PORT

    @functools.wraps(function)
    def with_server(
        *args,
        address: str,
        model_name: str,
        model_version: int | None,
        model_label: str | None,
        timeout: float,
        tls: bool,
        tls_ca: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
        **options,
    ):
        files = (tls_ca, tls_key, tls_cert)
        asked = AskedServer(address, model_name, model_version, model_label, timeout, tls, files)
        return function(*args, server=asked, **options)

    pem = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in (
        click.option("--tls-key", type=pem, help="The key of --tls-cert (PEM, without a password)."),
        click.option("--tls-cert", type=pem, help="Own certificate (PEM), where the server asks who calls."),
        click.option(
            "--tls-ca",
            type=pem,
            help="Authorities that may have signed the server's certificate (PEM).  [default: well-known ones]",
        ),
        click.option("--tls", is_flag=True, help="Encrypt the connection; so does any of the --tls-… files."),
        click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for an answer."),
        click.option("--model-label", help="Which version, by a label of the server's, such as stable."),
        click.option(
            "--model-version", type=click.IntRange(min=1), help="Which version.  [default: the newest]"
        ),
        model_name,
        click.option(
            "--server",
            "address",
            default=f"localhost:{GRPC_PORT}",
            show_default=True,
            metavar="HOST:PORT",
            help="Who to ask.",
        ),
    ):
        with_server = option(with_server)
    return with_server


def model_name(function):
    """Adds `--model-name`."""
    from serving.defaults import MODEL_NAME

    return click.option(
        "--model-name", default=MODEL_NAME, show_default=True, help="The name the model is served under."
    )(function)
