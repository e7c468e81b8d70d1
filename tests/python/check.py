#!/usr/bin/env python3
"""Does the module of Python answer as the command line does?
    tests/python/check.py PROGRAM FOLDER     FOLDER: of the module
Exit status 77 where it is not built."""
import glob
import json
import subprocess
import sys
import threading
import time
import unittest

program, folder = sys.argv[1:3]
if not glob.glob(f"{folder}/anesim*.so"):
    print(f"skipped: no module in {folder}: scripts/python")
    sys.exit(77)
sys.path.insert(0, folder)
import anesim

MATMUL = "kind=matmul m=512 n=512 k=512"


def said(*words):
    run = subprocess.run([program, *words, "--json", "--no-db"], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


class Module(unittest.TestCase):
    def test_price_is_the_command_lines_to_the_last_digit(self):
        for text, chip, settings in [
            (MATMUL, "M4", {}),
            (MATMUL + " weights=int8 activations=int8", "M1", {"ane.l2": "4MiB"}),
            ("kind=network name=mobilenet_v2 batch=2", "M2", {"memory.bandwidth": "80GB/s"}),
            (MATMUL + " unit=gpu", "M4", {}),
            ("kind=readqc name=mlp batch=100 unit=cpu", "M4", {}),
        ]:
            sets = [w for name, value in settings.items() for w in ("--set", f"{name}={value}")]
            record = said("run", text, "--chip", chip, *sets)["records"][0]
            price = anesim.price(text, chip=chip, set=settings)
            for key, value in {
                "latency_s": record["latency"]["s"],
                "energy_j": record["energy"]["j"],
                "power_w": record["power_w"],
                "throughput_items_per_s": record["throughput_items_per_s"],
                "peak_memory_bytes": record["memory"]["peak_bytes"],
                "dram_bytes": record["memory"]["dram_bytes"],
                "macs": record["macs"],
                "bound": record["bound"],
                "request": record["question"]["request"],
                "chip": record["question"]["chip"],
                "precision": record["question"]["precision"],
            }.items():
                self.assertEqual(repr(price[key]), repr(value), (text, key))
            self.assertAlmostEqual(sum(price["causes"].values()), price["latency_s"], delta=1e-12)

    def test_operators_where_asked(self):
        self.assertNotIn("operators", anesim.price(MATMUL))
        price = anesim.price("kind=network name=mobilenet_v2", operators=True)
        self.assertGreater(len(price["operators"]), 10)
        self.assertIn("seconds", price["operators"][0])

    def test_compare_is_a_price_each(self):
        rows = anesim.compare(MATMUL, chips=["M1", "M4"], units=["ane", "cpu"])
        self.assertEqual([(r["chip"], r["unit"]) for r in rows],
                         [("M1", "ane"), ("M1", "cpu"), ("M4", "ane"), ("M4", "cpu")])
        self.assertEqual(rows[3]["latency_s"], anesim.price(MATMUL + " unit=cpu")["latency_s"])
        self.assertEqual(len(anesim.compare([MATMUL, MATMUL + " batch=2"], chips=["M4"])), 2)

    def test_sweep_is_columns_of_its_points(self):
        columns = anesim.sweep(MATMUL, {"ane.l2": "1MiB..4MiB*2", "chip": ["M1", "M4"], "m": [64, 128]},
                               where=["latency < 1us"])
        self.assertEqual(len(columns["latency_s"]), 12)
        self.assertEqual(columns["latency_s"].typecode, "d")
        view = memoryview(columns["latency_s"])  # what NumPy reads without a copy
        self.assertEqual((view.format, view.nbytes), ("d", 96))
        self.assertFalse(any(columns["feasible"]))
        at = columns["m"].index("128")
        price = anesim.price("kind=matmul n=512 k=512 m=128", chip=columns["chip"][at],
                             set={"ane.l2": columns["ane.l2"][at]})
        self.assertEqual(columns["latency_s"][at], price["latency_s"])

    def test_faults_are_exceptions_of_the_same_text(self):
        for text, chip, settings in [("kind=matmul m=1 n=1", "M4", {}), ("kind=matmull", "M4", {}), (MATMUL, "M99", {}),
                                     (MATMUL, "M4", {"ane.l3": "1MiB"})]:
            sets = [w for name, value in settings.items() for w in ("--set", f"{name}={value}")]
            run = subprocess.run([program, "run", *text.split(), "--chip", chip, *sets, "--no-db"],
                                 capture_output=True, text=True)
            with self.assertRaises(anesim.InputError) as caught:
                anesim.price(text, chip=chip, set=settings)
            self.assertEqual(f"error: {caught.exception}", run.stderr.strip())
            self.assertIsInstance(caught.exception, ValueError)
        with self.assertRaises(TypeError):
            anesim.price()
        with self.assertRaises(anesim.InputError):
            anesim.sweep(MATMUL, {"ane.l2": "1MiB"}, sample="grdi")

    def test_others_run_while_it_prices(self):
        ticks, done = [], threading.Event()

        def tick():
            while not done.is_set():
                ticks.append(time.monotonic())
                time.sleep(0.001)

        other = threading.Thread(target=tick)
        other.start()
        time.sleep(0.01)
        begin = time.monotonic()
        anesim.sweep("kind=network name=resnet50", {"batch": "1..4:1", "ane.l2": "1MiB,2MiB,3MiB"}, threads=1)
        end = time.monotonic()
        done.set()
        other.join()
        inside = sum(begin < t < end for t in ticks)
        self.assertGreater(inside, 10, f"{inside} ticks in {end - begin:.3f} s")


unittest.main(argv=sys.argv[:1])
