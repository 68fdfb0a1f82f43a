"""Holds the generated JSON Schema against an independent validator.

usage: python3 tests/reference/check_schema.py PUSHFORWARD RUNNER_TOY

PUSHFORWARD and RUNNER_TOY are the two executables of a build (runner/pushforward and
tests/runner/runner_toy). Checked are: every schema against the metaschema it declares; every
shipped experiment and claim and every task's starter, which must be valid; shipped configs with one
thing broken, which must not be; and the corpus of bad configs, of which the schema must refuse every
one whose fault lies in keys, types, ranges or names (E301 to E306, E308).

Last run with Python 3.11.2 and jsonschema 4.26.0: no disagreement.
"""

import copy
import importlib.metadata
import json
import pathlib
import subprocess
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRUCTURAL = {"E301", "E302", "E303", "E304", "E305", "E306", "E308"}
# Faults that a schema of draft 7 cannot state, or not from a list of fields: points of one length,
# names that another part of the config gives, quantities of the task, one key of two, 64 bits.
BEYOND_SCHEMAS = {
    "points-ragged", "data-ragged", "data-values-ragged", "reference-unknown",
    "check-unknown-quantity", "check-unknown-other", "check-above-unknown", "check-without-quantity",
    "check-run-other-quantity",
    "data-nothing", "data-both", "seed-decimal-too-long",
}


def output_of(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def validator(program, task=None):
    schema = json.loads(output_of(program, "schema", *([task] if task else [])))
    kind = jsonschema.validators.validator_for(schema)
    assert kind is jsonschema.Draft7Validator, kind
    kind.check_schema(schema)
    return kind(schema)


def no_duplicates(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def no_constants(name):
    raise ValueError(name)


def strict(text):
    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constants)


def corpus():
    name = None
    text_of_all = (ROOT / "tests/runner/corpus/bad_configs.txt").read_text(errors="surrogateescape")
    for row in text_of_all.split("\n"):
        if row.startswith("#: "):
            if name:
                yield name, code, "\n".join(text)
            name, code, *_ = row[3:].split()
            text = []
        elif name:
            text.append(row)
    yield name, code, "\n".join(text)


def broken(config):
    """Variants of a valid config, each wrong in one way."""
    def changed(path, value):
        variant = copy.deepcopy(config)
        *parents, last = path
        at = variant
        for key in parents:
            at = at.setdefault(key, {})
        at[last] = value
        return variant

    yield "unknown key", changed(["sovler"], {})
    yield "unknown key below", changed(["solver", "no_such_key"], 1)
    yield "format", changed(["version"], "1")
    yield "task", changed(["task"], config["task"] + "s")
    yield "seed", changed(["seed"], -1)
    yield "fraction of a seed", changed(["seed"], 1.5)
    yield "list for an object", changed(["problem"], [])
    yield "threads", changed(["runtime", "threads"], 0)
    yield "bare duration", changed(["runtime", "time_limit"], 90)
    yield "checks", changed(["checks"], {"quantity": "x"})
    yield "unknown key of a check", changed(["checks"], [{"quantity": "x", "maximum": 1}])
    for key in ("version", "task"):
        variant = copy.deepcopy(config)
        del variant[key]
        yield "no " + key, variant


def main(program, toy):
    problems = []

    def expect(valid, checker, config, what):
        errors = [error.message[:100] for error in checker.iter_errors(config)]
        if valid == (not errors):
            return 1
        problems.append(f"{what}: {errors[0] if errors else 'accepted'}")
        return 0

    tasks = [task["name"] for task in json.loads(output_of(program, "list", "tasks", "--json"))]
    checkers = {task: validator(program, task) for task in tasks}
    anything = validator(program)
    agreed = 0
    configs = []
    for path in sorted((ROOT / "examples/experiments").glob("*.json")):
        configs.append((path.name, strict(path.read_text())))
    for path in sorted((ROOT / "examples/claims").glob("*.json")):
        claim = strict(path.read_text())
        configs.append((path.name, {**claim["experiment"], "checks": claim["checks"]}))
    for task in tasks:
        starter = output_of(program, "init", task, "--minimal")
        configs.append(("init " + task, strict(starter)))
    for name, config in configs:
        agreed += expect(True, checkers[config["task"]], config, name)
        agreed += expect(True, anything, config, name + " (any task)")
        for fault, variant in broken(config):
            agreed += expect(False, checkers[config["task"]], variant, f"{name}, {fault}")

    toy_checker = validator(toy, "test.walk")
    skipped = 0
    for name, code, text in corpus():
        try:
            config = strict(text)
        except (ValueError, RecursionError):
            skipped += 1  # refused before any schema
            continue
        if code not in STRUCTURAL or name in BEYOND_SCHEMAS:
            skipped += 1
            continue
        agreed += expect(False, toy_checker, config, f"corpus {name} ({code})")

    print(f"jsonschema {importlib.metadata.version('jsonschema')}: {agreed} agreements, {skipped} texts of the "
          f"corpus are no matter for a schema, {len(problems)} disagreements")
    for problem in problems:
        print("  " + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
