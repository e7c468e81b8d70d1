#!/usr/bin/env python3
"""Holds the JSON of every command against docs/schema/anesim-1.json:
    tests/schema/check.py PROGRAM SOURCE
Also: names are no open vocabularies, and a number that has no meaning is null, never NaN."""
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

import jsonschema

program, source = map(os.path.abspath, sys.argv[1:3])
with open(f"{source}/docs/schema/anesim-1.json") as f:
    schema = json.load(f)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)


def write_reads(path):
    """400 reads of 150 bases, one in four of low quality."""
    draw = random.Random(1)
    with open(path, "w") as f:
        for i in range(400):
            quality = "#" if i % 4 == 0 else "I"
            f.write(f"@r{i}\n{''.join(draw.choices('ACGT', k=150))}\n+\n{quality * 150}\n")


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def commands():
    with open(f"{source}/tests/schema/commands.txt") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield shlex.split(line.replace("SOURCE", source))


def main():
    failures, seen = 0, 0
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    names = {l.split()[0] for l in told.split("commands:")[1].split("\n\n")[0].splitlines() if l.strip()}
    tried = set()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_reads("reads.fq")
        with open("lengths.txt", "w") as lengths:
            lengths.write("60\n100\n130\n")
        for words in commands():
            seen += 1
            tried.add(words[0])
            run = subprocess.run([program, *words, "--json"], capture_output=True, text=True)
            faults = []
            try:
                said = json.loads(run.stdout, parse_constant=refuse)
                faults = [
                    f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                    for e in validator.iter_errors(said)
                ]
                if said["anesim"]["command"] != [*words, "--json"]:
                    faults.append("anesim.command is not the command")
            except ValueError as e:
                faults = [f"no JSON ({e}): {run.stdout[:200]} {run.stderr[:300]}"]
            for fault in faults[:5]:
                print(f"{shlex.join(words)}: {fault}")
            failures += bool(faults)
    # Whoever adds a command adds a line.
    for name in sorted(names - tried):
        helped = subprocess.run([program, name, "--help"], capture_output=True, text=True).stdout
        if "--json" in helped:
            print(f"{name} takes --json and is not in tests/schema/commands.txt")
            failures += 1
    print(f"{seen} commands, {failures} failures")
    return 1 if failures or not seen else 0


sys.exit(main())
