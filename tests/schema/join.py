#!/usr/bin/env python3
"""A script as a user writes it against the schema: run, compare, validate and tables, by JSON, CSV and
SQL, joined by the names that they share:
    tests/schema/join.py PROGRAM"""
import csv
import io
import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])


def anesim(*words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def asked(*words):
    return json.loads(anesim(*words, "--json"))


def rows(*words):
    return list(csv.DictReader(io.StringIO(anesim(*words, "--csv"))))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    spec = "kind=network name=resnet50"
    one = asked("run", spec, "--chip", "M1")["records"][0]
    many = asked("compare", spec, "--chips", "M1,M4")["records"]
    claims = asked("tables", "--db", "anesim.db")["claims"]
    measured = asked("validate", "--db", "anesim.db")["rows"]

    # A question has one answer, whichever command asked it.
    same = [r for r in many if r["question"]["digest"] == one["question"]["digest"]]
    assert len(same) == 1 and same[0]["latency"]["s"] == one["latency"]["s"]
    assert same[0]["id"] == one["id"], "known already: no second row"

    # JSON, CSV and SQL agree to the last digit.
    db = sqlite3.connect("anesim.db")
    db.row_factory = sqlite3.Row
    for r in many:
        stored = db.execute("SELECT * FROM run_total WHERE id = ?", (r["id"],)).fetchone()
        assert stored["latency_s"] == r["latency"]["s"]
        assert stored["energy_j"] == r["energy"]["j"]
        assert stored["question_digest"] == r["question"]["digest"]
    by_id = {int(r["id"]): r for r in rows("show", *[str(r["id"]) for r in many])}
    for r in many:
        assert float(by_id[r["id"]]["latency_s"]) == r["latency"]["s"]

    # Operators of several runs in one file, told apart by their run.
    operators = rows("show", *[str(r["id"]) for r in many], "--view", "layers")
    for r in many:
        # The last line is of what no operator owns: it has no index.
        mine = [float(o["time_s"]) for o in operators if int(o["run"]) == r["id"] and o["index"]]
        assert len(mine) == len(r["operators"])
        assert math.isclose(sum(mine), sum(o["time_s"] for o in r["operators"]))

    # Measured rows of the chips that were compared, beside the predictions.
    chips = {r["question"]["chip"] for r in many}
    near = [m for m in measured if m["chip"] in chips and m["state"] == "scored"]
    assert near and all(m["error"] is not None for m in near)
    stored = {(s["file"], s["line"]): s["predicted"] for s in db.execute("SELECT * FROM silicon")}
    for m in near:
        assert stored[m["file"], m["line"]] == m["predicted"]
    scored = rows("validate")
    assert len(scored) == len(measured)
    for a, b in zip(scored, measured):
        assert a["predicted"] == "" or float(a["predicted"]) == b["predicted"]

    # Published claims, with their verdicts, as the database has them.
    verdicts = dict(db.execute("SELECT id, verdict FROM claim"))
    assert verdicts == {c["id"]: c["verdict"] for c in claims}

    # What was asked can be asked again.
    command = anesim("runs", str(one["id"]), "--command")
    assert command.startswith("anesim run "), command
    again = subprocess.run(
        command.replace("anesim", program, 1), shell=True, capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout)["records"][0]["id"] == one["id"]
print(f"{len(many)} runs, {len(claims)} claims, {len(measured)} measured rows: one answer each")
