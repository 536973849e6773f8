"""The page alone, beside a model server that runs elsewhere: `python -m serving.web --server HOST:PORT`."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from serving.defaults import GRPC_PORT, MODEL_NAME
from serving.errors import BadInputError, ServingError
from serving.web.gateway import Gateway


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT. Returns 0, 1 if it failed, 2 if the input was wrong."""
    parser = argparse.ArgumentParser("python -m serving.web", description="The web page of the detector.")
    parser.add_argument(
        "--server", default=f"localhost:{GRPC_PORT}", help="model server, HOST:PORT of its gRPC"
    )
    parser.add_argument("--model-name", default=MODEL_NAME, help="as the model server calls it")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
    parser.add_argument("--port", type=int, default=8080, help="0 for any that is free")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name that the page may "
        "be opened by, beside addresses in numbers and localhost; again for more; '*' for any",
    )
    parser.add_argument(
        "--trusted-proxy", metavar="ADDRESS", help="reverse proxy whose X-Forwarded-For is believed"
    )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Of its own start and stop uvicorn says more than an operator needs.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        gateway = Gateway(
            chosen.server,
            chosen.model_name,
            chosen.host,
            chosen.port,
            hosts=chosen.allow_host,
            trusted_proxy=chosen.trusted_proxy,
        )
    except (BadInputError, ServingError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, BadInputError) else 1
    with gateway:
        logging.getLogger("serving.web").info("the page is at %s", gateway.url)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
