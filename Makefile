# One line a habit. `make demo` and `make test` need git, a Python 3 and a package index, nothing else.
.POSIX:
.PHONY: demo test test-slow test-clusters test-omnigen debian13 exchange lint lint-deploy format lock setup setup-omnigen clean

# Some shells set it; without bytecode the imports of TFX take three times as long.
unexport PYTHONDONTWRITEBYTECODE
BIN = .venv/bin

demo: setup ## the whole pipeline on drawn faces, and a served verdict
	$(BIN)/deepfake-inspector demo --workspace demo

# Two processes, each with a TensorFlow of its own: about 6 GB.
test: setup ## everything but the slow tests and those in a browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder \
		-m "not slow and not browser and not gpu and not exchange and not flink and not spark and not omnigen"

test-slow: setup ## the slow tests, those in a browser, and the most telling ones on a real Flink and Spark
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder \
		-m "((slow or browser) and not (gpu or flink or spark or executed or omnigen)) or ((flink or spark) and not slow)"

test-clusters: setup ## all tests on a real Flink and Spark (need Java 11 to 17 and Maven), and of an executed pipeline
	$(BIN)/python -m pytest -m "flink or spark or executed"

test-omnigen: setup-omnigen ## a tiny OmniGen of random weights, from a prompt to records
	$(BIN)/python -m pytest -m omnigen

debian13: ## the README's two commands on today's stack, in a Debian 13 tree
	@tools/debian13.sh

exchange: setup ## what one stack makes is used on the other
	@tools/exchange.sh

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

lint-deploy: setup ## what deploys: Dockerfile, compose, manifests, TensorFlow Serving's configuration, compiled pipelines
	$(BIN)/hadolint --failure-threshold style Dockerfile
	$(BIN)/python -m pytest -q -m "not slow" tests/image tests/serving/deploy tests/pipeline/deploy
	mkdir -p build
	$(BIN)/deepfake-inspector kubeflow compile --config mini --target gpu --pipeline-root minio://mlpipeline/runs \
		--image deepfake-inspector:0.1.0-gpu --out build/kubeflow.yaml
	$(BIN)/deepfake-inspector kubeflow lint build/kubeflow.yaml
	$(BIN)/deepfake-inspector vertex compile --config mini --records gs://bucket/records --push-to gs://bucket/models \
		--pipeline-root gs://bucket/runs --image region/project/deepfake-inspector:0.1.0 --out build/vertex.json
	$(BIN)/deepfake-inspector kubeflow lint build/vertex.json

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

setup: ## .venv from the lock, for the stack this machine can run
	@tools/setup.sh

setup-omnigen: setup ## .venv-omnigen, 5.5 GB: PyTorch and diffusers, for `data synthesize --maker omnigen`
	@tools/setup_omnigen.sh

lock: ## renews requirements.lock from pyproject.toml
	@tools/lock.sh

clean:
	rm -rf .venv .venv-omnigen .uv demo build *.egg-info
