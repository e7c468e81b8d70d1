// Records written by hand for the tests of the store and of the views. The figures are plausible,
// easy to check by eye, and belong to no chip.
#pragma once
#include "results/record.h"

namespace ane::results {

// Three operators, the last of which fell back to the CPU; two tasks.
inline Record ane_record() {
  Record r;
  r.run = {.workload = "readqc",
           .variant = "mlp",
           .input = "reads.fq.gz",
           .input_digest = "00ff",
           .chip = "M4",
           .unit = "ane",
           .runtime = "coreml",
           .profile = "ane16",
           .precision = "fp16",
           .batch = 100,
           .items = 20000,
           .overrides = "",
           .code_version = "0.1.0"};
  r.totals = {
      .latency_s = 250e-6,
      .throughput_items_per_s = 400e3,
      .energy_j = 500e-6,
      .power_w = 2,
      .peak_memory_bytes = 192 * 1024,
      .dram_bytes = 160 * 1024,
      .macs = 4'665'600,
      .bound = "dispatch",
      .causes = {{"dispatch", 200e-6}, {"weights", 30e-6}, {"compute", 15e-6}, {"transfer", 5e-6}},
      .energy_parts = {{"mac", 50e-6}, {"dram", 150e-6}, {"static", 300e-6}},
      .memory_parts = {{"weights", 96 * 1024}, {"activations", 96 * 1024}},
      .accuracy = {{"accuracy", 0.9931}, {"f1", 0.9612}, {"flips", 3}},
      .digest = "8f3a",
      .latency_band_s = Band{220e-6, 300e-6}};
  r.limits = {.peak_macs_per_s = 7.5e12, .dram_bytes_per_s = 60e9};
  r.operators = {{.index = 0,
                  .name = "fc1",
                  .op = "linear",
                  .unit = "ane",
                  .placement = "takes",
                  .reason = "the NE takes it",
                  .tasks = 1,
                  .start_s = 200e-6,
                  .seconds = 30e-6,
                  .macs = 3'840'000,
                  .weight_bytes = 76'800,
                  .dram_bytes = 136'800,
                  .l2_bytes = 72'800,
                  .energy_j = 120e-6,
                  .bound = "weights",
                  .causes = {{"weights", 24e-6}, {"compute", 6e-6}},
                  .utilisation = 0.017},
                 {.index = 1,
                  .name = "fc2",
                  .op = "linear",
                  .unit = "ane",
                  .placement = "takes",
                  .reason = "the NE takes it",
                  .tasks = 1,
                  .start_s = 230e-6,
                  .seconds = 15e-6,
                  .macs = 819'200,
                  .weight_bytes = 16'384,
                  .dram_bytes = 16'384,
                  .l2_bytes = 38'400,
                  .energy_j = 60e-6,
                  .bound = "compute",
                  .causes = {{"weights", 6e-6}, {"compute", 9e-6}},
                  .utilisation = 0.0073},
                 {.index = 2,
                  .name = "sort",
                  .op = "topk",
                  .unit = "cpu",
                  .placement = "C4",
                  .reason = "this chip has no compare-and-sort unit",
                  .tasks = 0,
                  .start_s = 245e-6,
                  .seconds = 5e-6,
                  .dram_bytes = 400,
                  .energy_j = 20e-6,
                  .bound = "transfer"}};
  r.tasks = {{.index = 0,
              .operator_index = 0,
              .name = "fc1.0",
              .start = {200'000'000},
              .end = {230'000'000},
              .stages = {{"kernel dma", {200'000'000}, {224'000'000}},
                         {"tile dma", {200'000'000}, {206'000'000}},
                         {"ne", {218'000'000}, {228'000'000}},
                         {"store", {226'000'000}, {230'000'000}}},
              .cause = "weights",
              .bytes = 136'800,
              .macs = 3'840'000,
              .energy_j = 120e-6},
             {.index = 1,
              .operator_index = 1,
              .name = "fc2.0",
              .start = {230'000'000},
              .end = {245'000'000},
              .stages = {{"kernel dma", {224'000'000}, {236'000'000}},
                         {"ne", {233'000'000}, {243'000'000}},
                         {"store", {241'000'000}, {245'000'000}}},
              .cause = "compute",
              .bytes = 16'384,
              .macs = 819'200,
              .energy_j = 60e-6}};
  r.notes = {"sort runs on the CPU: this chip has no compare-and-sort unit"};
  return r;
}

// The same question on the CPU: no tasks, no roofline, one operator row.
inline Record cpu_record() {
  Record r = ane_record();
  r.run.unit = "cpu";
  r.run.runtime = "direct";
  r.run.profile = "ieee";
  r.run.precision = "fp32";
  r.totals = {.latency_s = 500e-6,
              .throughput_items_per_s = 200e3,
              .energy_j = 2500e-6,
              .power_w = 5,
              .peak_memory_bytes = 384 * 1024,
              .dram_bytes = 320 * 1024,
              .macs = 4'665'600,
              .bound = "compute",
              .causes = {{"compute", 450e-6}, {"dispatch", 50e-6}},
              .energy_parts = {{"cores", 2500e-6}},
              .accuracy = {{"accuracy", 0.9934}, {"f1", 0.9615}}};
  r.limits = {};
  r.operators = {{.index = 0,
                  .name = "mlp",
                  .op = "linear",
                  .unit = "cpu",
                  .placement = "asked",
                  .reason = "the CPU was asked for",
                  .start_s = 50e-6,
                  .seconds = 450e-6,
                  .macs = 4'665'600,
                  .bound = "compute"}};
  r.tasks.clear();
  r.notes.clear();
  return r;
}

}  // namespace ane::results
