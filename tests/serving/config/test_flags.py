"""`tensorflow_model_server`'s command line: every flag of it is known, and each of ours arrives."""

from pathlib import Path

import pytest

from serving.config import flags
from serving.cores import usable_cores
from serving.errors import BadInputError

KNOWN = (Path(__file__).parents[1] / "deploy" / "model_server_flags.txt").read_text().split()

BOOLS = [
    "allow_version_labels_for_unavailable_models",
    "enable_batching",
    "enable_grpc_healthcheck_service",
    "enable_model_warmup",
]


def parse(*arguments):
    return flags.parse(["--model_base_path=/models/m", *arguments])


def refusal(arguments) -> str:
    with pytest.raises(BadInputError) as caught:
        flags.parse(arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_defaults_are_those_of_tensorflow_model_server():
    found = flags.parse(["--model_base_path=/models/m"])
    [model] = found.models.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("default", "/models/m", "tensorflow")
    options = found.options
    assert (options.host, options.port, options.rest_port, options.socket_path) == (
        "0.0.0.0",  # noqa: S104 - expected, not listened on
        8500,
        None,
        None,
    )
    assert (options.rest_timeout_s, options.poll_interval_s) == (30, 1)
    assert (options.load_retries, options.retry_interval_s) == (5, 60)
    assert options.tags == ("serve",)
    assert (options.warm_up, options.labels_ahead, options.health) == (True, False, False)
    assert (options.tls, options.metrics_path, options.log, found.models_file) == (None, None, None, None)
    assert (options.workers, options.workers + options.queue) == (usable_cores(), 4 * usable_cores())
    assert found.notes == []


@pytest.mark.parametrize("together", [True, False])
def test_each_flag_arrives_in_both_forms(together):
    given = {
        "port": 9000,
        "rest_api_port": 9001,
        "model_name": "m",
        "grpc_socket_path": "/tmp/socket",  # noqa: S108 - not made
        "rest_api_timeout_in_ms": 1500,
        "tensorflow_session_parallelism": 3,
        "grpc_max_threads": 10,
        "tensorflow_intra_op_parallelism": 2,
        "tensorflow_inter_op_parallelism": 4,
        "saved_model_tags": "serve,gpu",
        "file_system_poll_wait_seconds": -1,
        "max_num_load_retries": 7,
        "load_retry_interval_micros": 250000,
        "grpc_channel_arguments": "grpc.max_connection_age_ms=2000,x=-1,y=z",
    }
    words = [
        [f"--{name}={value}"] if together else [f"--{name}", str(value)] for name, value in given.items()
    ]
    found = parse(*(word for pair in words for word in pair))
    options = found.options
    assert found.models.model_config_list.config[0].name == "m"
    assert (options.port, options.rest_port, str(options.socket_path)) == (9000, 9001, "/tmp/socket")  # noqa: S108
    assert options.rest_timeout_s == 1.5
    assert (options.workers, options.queue) == (3, 7)
    assert (options.intra_op_threads, options.inter_op_threads) == (2, 4)
    assert options.tags == ("serve", "gpu")
    assert (options.poll_interval_s, options.load_retries, options.retry_interval_s) == (-1, 7, 0.25)
    assert options.channel_arguments == (("grpc.max_connection_age_ms", 2000), ("x", -1), ("y", "z"))


@pytest.mark.parametrize("name", BOOLS)
@pytest.mark.parametrize(
    ("form", "value"),
    [("", True), ("=true", True), ("=1", True), ("=True", True), ("=false", False), ("=0", False)],
)
def test_a_bool_may_stand_without_a_value(name, form, value):
    parsed = flags._parser().parse_args([f"--{name}{form}", "--port=1"])
    assert getattr(parsed, name) is value
    assert parsed.port == 1


def test_bools_arrive():
    options = parse(
        "--enable_model_warmup=false",
        "--allow_version_labels_for_unavailable_models",
        "--enable_grpc_healthcheck_service",
        "true",
    ).options
    assert (options.warm_up, options.labels_ahead, options.health) == (False, True, True)


@pytest.mark.parametrize("name", KNOWN)
def test_every_flag_of_tensorflow_model_server_is_known(name):
    actions = {option for action in flags._parser()._actions for option in action.option_strings}
    assert f"--{name}" in actions


@pytest.mark.parametrize("name", flags._NO_EFFECT)
@pytest.mark.parametrize("form", ["", "=false", "=3"])
def test_a_flag_without_effect_is_accepted_and_told(name, form):
    assert parse(f"--{name}{form}").notes == [f"--{name} has no effect on this server"]


def test_batching_is_told_to_have_no_effect():
    [note] = parse("--enable_batching").notes
    assert note.startswith("--enable_batching: requests are not merged")


def test_a_flag_that_encrypts_is_not_passed_over():
    assert "no ALTS; encrypt with --ssl_config_file" in refusal(
        ["--model_base_path=/m", "--use_alts_credentials"]
    )
    assert parse("--use_alts_credentials=false").notes == []


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ([], "neither"),
        (["--model_base_path="], "neither"),
        (["--model_base_path=/m", "--model_config_file=/c"], "both"),
    ],
)
def test_one_of_a_base_path_and_a_file_is_wanted(arguments, received):
    expected = f"expected either --model_base_path or --model_config_file, received {received}"
    assert refusal(arguments) == expected


def test_a_flag_that_is_set_to_nothing_is_not_set():
    found = parse(
        "--model_config_file=",
        "--ssl_config_file=",
        "--monitoring_config_file=",
        "--batching_parameters_file=",
        "--grpc_socket_path=",
    )
    assert (found.models_file, found.options.tls, found.options.socket_path) == (None, None, None)


def test_a_file_of_models_is_looked_at_again_only_if_asked(tmp_path):
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow" } }')
    found = flags.parse([f"--model_config_file={file}"])
    assert (found.models.model_config_list.config[0].name, found.models_file) == ("a", None)
    watched = flags.parse([f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=2.5"])
    assert watched.models_file == (file, 2.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grpc_channel_arguments=a"], "expected k=v,k=v, received 'a'"),
        (["--tensorflow_session_parallelism=-2"], "workers: expected at least 1, received -2"),
        (["--rest_api_timeout_in_ms=0"], "rest_timeout_s: expected more than 0"),
        (["--port=9", "--rest_api_port=9"], "expected two ports, received 9 for both"),
        (
            ["--batching_parameters_file=/gone"],
            "expected a BatchingParameters file, but /gone cannot be read",
        ),
        (["--monitoring_config_file=/gone"], "expected a MonitoringConfig file, but /gone cannot be read"),
        (["--ssl_config_file=/gone"], "expected a SSLConfig file, but /gone cannot be read"),
    ],
)
def test_a_wrong_value_is_refused_in_a_line(arguments, words):
    assert words in refusal(["--model_base_path=/m", *arguments])


@pytest.mark.parametrize("value", ["²", "--5", "5-"])
def test_what_only_looks_like_a_number_is_text(value):
    assert parse(f"--grpc_channel_arguments=a={value}").options.channel_arguments == (("a", value),)


@pytest.mark.parametrize(
    "argument", ["--nothing=1", "--mode_name=x", "--model=x", "--port=x", "--enable_batching=maybe", "x"]
)
def test_an_unknown_flag_or_a_wrong_type_ends_with_2(argument, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(argument)
    assert caught.value.code == 2
    assert argument.partition("=")[0] in capsys.readouterr().err


@pytest.mark.parametrize(("argument", "words"), [("--help", "--model_config_file"), ("--version", ".")])
def test_help_and_version_end_with_0(argument, words, capsys):
    with pytest.raises(SystemExit) as caught:
        flags.parse([argument])
    assert caught.value.code == 0
    assert words in capsys.readouterr().out
