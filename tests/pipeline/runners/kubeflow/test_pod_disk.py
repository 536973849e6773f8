"""Which places would be gone with a pod."""

import pytest

from pipeline.runners.kubeflow.pod_disk import places_on_pod_disks
from pipeline.runners.kubeflow.target import load_target

_ON_ALL = "defaults.volumes=[{claim: c, mount_path: /data}]"
_ON_PUSHER = "nodes.Pusher.volumes=[{claim: c, mount_path: /data/}]"


@pytest.mark.parametrize(
    ("target", "places", "told"),
    [
        ([], {"records": "gs://b/r", "push_to": "gs://b/m"}, []),
        ([_ON_ALL], {"records": "/data/r", "push_to": "/data"}, []),
        (
            [_ON_ALL],
            {"records": "/data2/r", "push_to": "/data"},
            ["records is /data2/r, where ImportExampleGen and"],
        ),
        (
            [_ON_PUSHER],
            {"records": "gs://b/r", "push_to": "/data/m"},
            ["push_to is /data/m, where LatestBlessed mount"],
        ),
        (
            ["training_dir=/t"],
            {"records": "gs://b/r", "push_to": "gs://b/m"},
            ["training_dir is /t, where Trainer mount no volume"],
        ),
    ],
)
def test_a_place_without_a_volume_is_told(deployment, target, places, told):
    found = list(places_on_pod_disks(deployment(target=load_target("default", target), **places)))
    assert len(found) == len(told)
    assert all(one.startswith(start) for one, start in zip(found, told, strict=True))


def test_the_example_of_the_project_keeps_everything(deployment):
    assert list(places_on_pod_disks(deployment())) == []
