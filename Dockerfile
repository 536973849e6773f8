# Today's stack, from the lock, run by an ordinary user.
#   docker build -t deepfake-inspector .
#   docker run --rm -v "$PWD:/work" deepfake-inspector run --config mini --data faces
#   docker run --rm -p 8500:8500 -v "$PWD:/work" deepfake-inspector serve --host 0.0.0.0
FROM python:3.13-slim-trixie AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /opt/deepfake-inspector
RUN uv venv .venv
COPY requirements.lock ./
RUN uv pip sync --python .venv/bin/python --require-hashes --compile-bytecode --no-cache requirements.lock
COPY pyproject.toml setup.py README.md LICENSE ./
COPY pipeline pipeline
COPY components components
COPY data data
COPY serving serving
RUN uv pip install --python .venv/bin/python --no-deps --no-build-isolation --compile-bytecode --no-cache .

FROM python:3.13-slim-trixie
RUN useradd --create-home --uid 1000 inspector
COPY --from=build /opt/deepfake-inspector/.venv /opt/deepfake-inspector/.venv
ENV PATH=/opt/deepfake-inspector/.venv/bin:$PATH
USER inspector
WORKDIR /work
EXPOSE 8080 8500 8501
ENTRYPOINT ["deepfake-inspector"]
CMD ["--help"]
