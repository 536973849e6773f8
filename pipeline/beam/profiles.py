"""The Beam profiles by name, and which fits whom."""

DIRECT = "direct"

PROFILES: dict[str, str] = {
    DIRECT: "This process. The fastest on one machine up to some thousand images: nothing is started.",
    "direct-threads": "Threads of this process. Helps where the work is in C++ (StatisticsGen), little elsewhere.",
    "direct-processes": "Processes of this machine. Each imports TFX first, about 15 s: for 20,000 images and more.",
    "portable": "Any job server of Beam's, at beam.job_endpoint.",
    "flink": "A Flink: the one that `beam start` runs here, or a cluster's job server at beam.job_endpoint. For "
    "those who outgrow one machine.",
    "spark": "A Spark, likewise. For those who have one.",
    "dataflow": "Google Cloud Dataflow. For those whose images are in Google Cloud Storage.",
}
"""What each profile is, and whom it fits; see pipeline/README.md."""

ON_A_JOB_SERVER = ("portable", "flink", "spark")
"""Those that hand their jobs to a job server."""


def profiles_text() -> str:
    """The profiles, a paragraph each, as `--help` shows them."""
    return "\n\n".join(f"{name}: {what}" for name, what in PROFILES.items())
