# make help lists what there is; make run and make test need nothing but Python 3.11 and make.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
QUIET := OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore TF_CPP_MIN_LOG_LEVEL=3 RASA_TELEMETRY_ENABLED=false SQLALCHEMY_SILENCE_UBER_WARNING=1

.PHONY: help run test test-long check train evaluate lock clean
.DEFAULT_GOAL := help

help: ## 列出可用的命令
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

run: .venv/.runtime ## 安装所需并启动整个产品，网页在 http://127.0.0.1:8080
	@$(QUIET) $(BIN)/hotline serve

test: .venv/.dev ## 安装所需并运行测试，几分钟
	@$(QUIET) $(BIN)/python -m pytest -n auto --dist loadfile -m "not long"

test-long: .venv/.dev ## 其余的测试：全部测试集的成绩、反复杀掉的进程、浏览器里的整件事
	@$(QUIET) $(BIN)/python -m pytest -n auto --dist loadfile -m long

check: .venv/.dev ## 代码风格、类型、导入方向、语言数据
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(QUIET) $(BIN)/python -m hotline.language_check
	@echo "检查通过。"

train: .venv/.runtime ## 训练助手
	@$(QUIET) $(BIN)/hotline train

evaluate: .venv/.runtime ## 在项目自己的测试集上评分
	@$(QUIET) $(BIN)/hotline evaluate

lock: .venv/.tools ## 重新锁定依赖版本（维护人员使用）
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --no-header --no-annotate pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --no-header --no-annotate --group speech -c requirements.lock -o requirements-speech.lock

clean: ## 删除环境和缓存（不删数据）
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# Each step leaves a stamp when it is complete, so that an interrupted one is simply run again.
.venv/.tools: tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "需要 Python 3.11，当前是 %d.%d。可用 make PYTHON=/路径/python3.11 指定。" % sys.version_info[:2])'
	@test -x $(BIN)/pip || { echo "正在创建 Python 环境 .venv ……"; rm -rf .venv; $(PYTHON) -m venv .venv; }
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r tools.lock
	@touch $@

# Bytecode is compiled once here: without it every start would compile TensorFlow and Rasa anew.
.venv/.runtime: requirements.lock hotline/link.py .venv/.tools
	@echo "正在安装依赖（首次需要几分钟）……"
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/python hotline/link.py
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "正在安装测试工具……"
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock
	@touch $@
