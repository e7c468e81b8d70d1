#!/usr/bin/env python3
"""Plays four strangers who know README, help and docs:
    tests/personas/run.py PROGRAM SOURCE [FILE...]
Each file is a person, each paragraph a task: what is typed behind "$ ", then what is answered. A
line behind "= " is an expression of a line of standard output, behind "! " of standard error, in
order; "? N" is the exit status where it is not 0. SOURCE stands for the project's folder. All tasks of a
person share a folder, which begins with reads.fq (400 reads) and helix.pdb (20 residues)."""
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile


def write_inputs():
    draw = random.Random(1)
    with open("reads.fq", "w") as f:
        for i in range(400):
            quality = "".join(chr(33 + draw.randint(2, 14 if i % 4 == 0 else 40)) for _ in range(150))
            f.write(f"@r{i} lane 1\n{''.join(draw.choices('ACGT', k=150))}\n+\n{quality}\n")
    with open("helix.pdb", "w") as f:
        for i in range(20):
            for n, (atom, phase) in enumerate((("N", -0.5), ("CA", 0.0), ("C", 0.45), ("O", 0.5))):
                t = 1.7453 * i + phase
                f.write(f"ATOM  {4 * i + n + 1:5d}  {atom:<3} ALA A{i + 1:4d}    {2.3 * math.cos(t):8.3f}"
                        f"{2.3 * math.sin(t):8.3f}{1.5 * i + phase:8.3f}  1.00  0.00\n")
        f.write("END\n")


def commands(path):
    """(line, command, status, expressions of stdout, of stderr)"""
    command = None
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("$ "):
                if command:
                    yield command
                command = (number, line[2:], 0, [], [])
            elif line.startswith("= "):
                command[3].append(line[2:])
            elif line.startswith("! "):
                command[4].append(line[2:])
            elif line.startswith("? "):
                command = (*command[:2], int(line[2:]), *command[3:])
            elif line and not line.startswith("#"):
                sys.exit(f"{path}:{number}: neither a comment, a command nor an answer")
    if command:
        yield command


def missing(expressions, text):
    """The first expression that no line fits behind those of the ones before."""
    lines = iter(text.splitlines())
    for e in expressions:
        if not any(re.search(e, line) for line in lines):
            return e
    return None


def main():
    program, source = map(os.path.abspath, sys.argv[1:3])
    files = sys.argv[3:] or sorted(
        f"{source}/tests/personas/{f}" for f in os.listdir(f"{source}/tests/personas") if f.endswith(".txt"))
    files = list(map(os.path.abspath, files))
    failures = seen = 0
    for path in files:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write_inputs()
            os.mkdir("bin")
            os.symlink(program, "bin/anesim")
            environment = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}", COLUMNS="100")
            for number, command, status, out, err in commands(path):
                seen += 1
                run = subprocess.run(["bash", "-c", command.replace("SOURCE", source)], env=environment,
                                     capture_output=True, text=True)
                faults = []
                if run.returncode != status:
                    faults.append(f"exit status {run.returncode}, not {status}")
                for name, expressions, text in (("output", out, run.stdout), ("error", err, run.stderr)):
                    if (e := missing(expressions, text)) is not None:
                        faults.append(f"no line of its {name} fits: {e}")
                if faults:
                    failures += 1
                    print(f"{os.path.basename(path)}:{number}: {command}")
                    for fault in faults:
                        print(f"  {fault}")
                    for line in (run.stdout + run.stderr).splitlines()[:12]:
                        print(f"  | {line[:150]}")
            os.chdir("/")
    print(f"{seen} commands of {len(files)} people, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
