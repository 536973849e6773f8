# Today's stack (Debian 13, Python 3.13, TFX 1.21) from the locks, run by an ordinary user:
#
#   docker build --tag deepfake-inspector:0.1.0 .
#   docker run --rm -v "$PWD:/work" deepfake-inspector:0.1.0 deepfake-inspector run --config mini --data faces
#   docker run --rm -p 8500:8500 -v "$PWD:/work" deepfake-inspector:0.1.0 deepfake-inspector serve --host 0.0.0.0
#
# With NVIDIA's libraries, from TensorFlow's own wheels: --build-arg VARIANT=gpu, and `docker run --gpus all`.
#
# There is no ENTRYPOINT: the image holds several programs (deepfake-inspector, python -m serving.model_server,
# python -m serving.web, python -m pipeline.runners.kubeflow.entrypoint, Beam's worker pool), and each is named whole,
# as Kubeflow and Vertex do with the `command` of a node.

# A digest pins it to the byte (debian:13.2-slim@sha256:...), and a mirror's name may stand before it. Another base must
# have apt and a Python of 3.11 to 3.13, as Ubuntu 24.04 and NVIDIA's TensorFlow image have.
ARG BASE_IMAGE=debian:13.2-slim

FROM ${BASE_IMAGE} AS base
# A stable release moves by security fixes alone, and what they replace leaves the archive: a pinned version would soon
# be one that cannot be had.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements-image.lock ./
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/pip install --quiet --no-cache-dir --require-hashes --requirement requirements-image.lock
COPY pyproject.toml requirements.lock requirements-gpu.lock ./
# cpu or gpu
ARG VARIANT=cpu
# Every version and hash is one of the locks, without the tools of development that they also hold.
RUN --mount=type=cache,target=/root/.cache/uv \
    case "$VARIANT" in \
        cpu) gpu= ;; \
        gpu) gpu=yes ;; \
        *) echo "VARIANT: expected cpu or gpu, received $VARIANT" >&2; exit 2 ;; \
    esac \
    && /opt/tools/bin/uv venv --no-project --python /usr/bin/python3 /opt/venv \
    && /opt/tools/bin/uv pip install --python /opt/venv/bin/python --link-mode copy --compile-bytecode \
        --requirement pyproject.toml --extra openvino --extra video ${gpu:+--extra gpu} \
        --constraint requirements.lock --constraint requirements-gpu.lock --build-constraint requirements.lock \
    && /opt/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
        --output-format JSON --output-file /opt/deepfake-inspector.cdx.json /opt/venv/bin/python

# A layer of its own: a change of our code alone is a few megabytes to push and pull, not three gigabytes.
FROM build AS project
COPY setup.py README.md LICENSE ./
COPY pipeline pipeline
COPY components components
COPY data data
COPY serving serving
RUN /opt/tools/bin/uv pip install --python /opt/venv/bin/python --prefix /opt/project --no-deps --no-build-isolation \
        --no-cache --link-mode copy --compile-bytecode .

FROM base
# Ubuntu has a user of that number already. Into these folders Kubeflow's launcher mirrors artifacts; before 2.3 it
# mounted none of its own there.
RUN { getent passwd 1000 || useradd --create-home --uid 1000 --user-group inspector; } \
    && install --directory --owner 1000 --group 1000 /work /minio /s3 /gcs
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/deepfake-inspector.cdx.json /usr/share/sbom/deepfake-inspector.cdx.json
COPY --from=project /opt/project /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# In numbers, or Kubernetes cannot tell that it is not root.
USER 1000:1000
WORKDIR /work
EXPOSE 8080 8500 8501
# A container that serves is healthy while a model can answer; one that trains listens on no port, and is.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10m --retries=3 \
    CMD ["python", "-m", "serving.health", "--or-no-server"]
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="deepfake-inspector" \
      org.opencontainers.image.description="Deepfake image detection as a TFX pipeline, and a server of its models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
CMD ["deepfake-inspector", "--help"]
