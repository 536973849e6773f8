"""The README of the deployment names files that exist and commands as they are."""

import re
import shlex

import click
import pytest

from pipeline.cli import cli


@pytest.fixture(scope="module")
def readme(deploy):
    return (deploy / "README.md").read_text()


@pytest.fixture(scope="module")
def commands(readme):
    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def test_the_table_names_what_is_there(deploy, readme):
    paths = [deploy / path for path in re.findall(r"^\| `(.*?)` \|", readme, re.MULTILINE)]
    missing = [str(path) for path in paths if not path.exists()]
    told = [path.parent if path.name == "kustomization.yaml" else path for path in paths]
    untold = [
        str(file.relative_to(deploy))
        for file in deploy.rglob("*")
        if file.is_file()
        and file.name not in ("README.md", "kustomization.yaml")
        and not any(file == path or path in file.parents for path in told)
        and not {"claim", "provisioning"} & set(file.parts)
    ]

    assert not missing
    assert not untold


def test_folders_that_are_applied_can_be(deploy, commands):
    folders = re.findall(r"kubectl apply -k serving/deploy/(\S+)", "\n".join(commands))

    assert len(folders) == 3
    for folder in folders:
        assert (deploy / folder / "kustomization.yaml").is_file()


def test_secrets_are_made_under_the_names_that_the_manifests_use(commands, variants):
    made = set(re.findall(r"create secret generic (\S+)", "\n".join(commands)))
    [deployment] = [m for m in variants["object-store and all"] if m["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    used = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    used |= {source["secretRef"]["name"] for c in pod["initContainers"] for source in c["envFrom"]}

    assert made == used


def test_the_namespace_is_the_one_of_the_manifests(commands):
    named = set(re.findall(r"--namespace (\S+)", "\n".join(commands)))
    named |= set(re.findall(r"kubectl create namespace (\S+)", "\n".join(commands)))

    assert named == {"deepfake-inspector"}


def test_our_commands_are_understood(commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "face.jpg").touch()
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("deepfake-inspector ")]

    assert ours
    for name, *arguments in ours:
        command = cli.get_command(click.Context(cli), name)
        command.make_context(name, arguments)


def test_nothing_here_is_secret(deploy):
    for file in deploy.rglob("*"):
        if file.is_file():
            assert not re.search(r"PRIVATE KEY|AKIA[0-9A-Z]{16}", file.read_text()), file
