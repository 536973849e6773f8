"""Where the API of Kubeflow Pipelines is, and as whom it is asked."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import ConfigError

IN_CLUSTER_ENDPOINT = "http://ml-pipeline.kubeflow.svc.cluster.local:8888"
TOKEN_VARIABLE = "KF_PIPELINES_TOKEN"  # noqa: S105 - the name of a variable
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """Address and credentials.

    Attributes:
        endpoint: URL of the API, without a slash at its end.
        namespace: of the user, where the server keeps several users apart.
        token: sent as `Authorization: Bearer`; never shown.
        token_file: read anew for every request, so that it may be renewed meanwhile.
        in_cluster: asked as the service account of the pod, with the token that Kubernetes projects into it.
        ca_file: PEM of the authority that signed the server's certificate.
    """

    endpoint: str
    namespace: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    in_cluster: bool = False
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        url = urlsplit(self.endpoint)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ConfigError(
                f"--endpoint: expected http://HOST[:PORT][/PATH] or https://…, received '{self.endpoint}'."
            )
        if url.username or url.password:
            # Not repeated in the message: it holds a secret.
            raise ConfigError(
                "--endpoint: expected no user or password in it. Put a token into a file (--token-file) or "
                f"{TOKEN_VARIABLE}."
            )
        ways = [bool(self.token), self.token_file is not None, self.in_cluster]
        if sum(ways) > 1:
            raise ConfigError(
                f"Expected one of --token-file, --in-cluster and {TOKEN_VARIABLE}, received {sum(ways)} of them."
            )
        if self.token and not (self.token.isprintable() and self.token.isascii() and " " not in self.token):
            raise ConfigError(
                f"{TOKEN_VARIABLE}: expected one token, received text with blanks or odd signs."
            )

    @property
    def authenticated(self) -> bool:
        """Whether a token is sent."""
        return bool(self.token) or self.token_file is not None or self.in_cluster

    @property
    def exposes_token(self) -> bool:
        """Whether the token goes over a network in the clear."""
        url = urlsplit(self.endpoint)
        near = url.hostname in _OWN_MACHINE or str(url.hostname).endswith(".svc.cluster.local")
        return self.authenticated and url.scheme == "http" and not near
