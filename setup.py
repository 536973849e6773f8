"""Packaging of the four packages; Beam workers receive the project through this file (``--setup_file``).

Everything declarative (version, dependencies, the ``deepfake-inspector`` command) stands in pyproject.toml.
"""

from setuptools import find_packages, setup

setup(
    packages=find_packages(include=["pipeline*", "components*", "data*", "serving*"]),
    package_data={
        "": ["*.css", "*.html", "*.js", "*.md", "*.pbtxt", "*.yaml", "*.xml", "SHA256SUMS"],
        "data.synthesis.omnigen": ["prompts/*.jsonl"],
        "pipeline": ["configs/*.yaml", "targets/*.yaml"],
        "serving.web": ["static/*"],
    },
)
