// The columns of each table beside the members that they hold, once: the store's INSERT and SELECT
// and the identity in JSON are made from these lists. `visit(name, member)` is called in order.
#pragma once
#include "results/comparison.h"
#include "results/record.h"

namespace ane::results {

template <class R, class Visit>  // R: Run& or const Run&, and so on below
void run_columns(R&& r, Visit&& visit) {
  visit("workload", r.workload);
  visit("variant", r.variant);
  visit("input", r.input);
  visit("input_digest", r.input_digest);
  visit("chip", r.chip);
  visit("unit", r.unit);
  visit("runtime", r.runtime);
  visit("profile", r.profile);
  visit("precision", r.precision);
  visit("batch", r.batch);
  visit("items", r.items);
  visit("overrides", r.overrides);
  visit("code_version", r.code_version);
  visit("form", r.form);
  visit("request", r.request);
}

template <class T, class L, class Visit>
void total_columns(T&& t, L&& limits, Visit&& visit) {
  visit("latency_s", t.latency_s);
  visit("throughput_items_per_s", t.throughput_items_per_s);
  visit("energy_j", t.energy_j);
  visit("power_w", t.power_w);
  visit("peak_memory_bytes", t.peak_memory_bytes);
  visit("dram_bytes", t.dram_bytes);
  visit("macs", t.macs);
  visit("bound", t.bound);
  visit("peak_macs_per_s", limits.peak_macs_per_s);
  visit("dram_bytes_per_s", limits.dram_bytes_per_s);
}

template <class B, class Visit>
void band_columns(B&& latency, B&& energy, Visit&& visit) {
  visit("latency_low_s", latency.low);
  visit("latency_high_s", latency.high);
  visit("energy_low_j", energy.low);
  visit("energy_high_j", energy.high);
}

template <class O, class Visit>
void operator_columns(O&& o, Visit&& visit) {
  visit("ordinal", o.index);
  visit("name", o.name);
  visit("op", o.op);
  visit("unit", o.unit);
  visit("placement", o.placement);
  visit("reason", o.reason);
  visit("tasks", o.tasks);
  visit("start_s", o.start_s);
  visit("seconds", o.seconds);
  visit("macs", o.macs);
  visit("weight_bytes", o.weight_bytes);
  visit("dram_bytes", o.dram_bytes);
  visit("l2_bytes", o.l2_bytes);
  visit("energy_j", o.energy_j);
  visit("bound", o.bound);
  visit("utilisation", o.utilisation);
  visit("ahead_s", o.ahead_s);
}

template <class T, class Visit>
void task_columns(T&& t, Visit&& visit) {
  visit("ordinal", t.index);
  visit("operator", t.operator_index);
  visit("name", t.name);
  visit("start_ps", t.start.count);
  visit("end_ps", t.end.count);
  visit("cause", t.cause);
  visit("bytes", t.bytes);
  visit("macs", t.macs);
  visit("energy_j", t.energy_j);
  visit("l2_bytes", t.l2_bytes);
}

template <class S, class Visit>
void stage_columns(S&& s, Visit&& visit) {
  visit("device", s.device);
  visit("start_ps", s.start.count);
  visit("end_ps", s.end.count);
}

template <class C, class Visit>
void claim_columns(C&& c, Visit&& visit) {
  visit("id", c.id);
  visit("source", c.source);
  visit("metric", c.metric);
  visit("published_low", c.published_low);
  visit("published_high", c.published_high);
  visit("value_unit", c.value_unit);
  visit("simulated", c.simulated);
  visit("simulated_low", c.simulated_low);
  visit("simulated_high", c.simulated_high);
  visit("verdict", c.verdict);
  visit("reason", c.reason);
  visit("code_version", c.code_version);
  visit("judge", c.judge);
}

template <class C, class Visit>
void silicon_columns(C&& c, Visit&& visit) {
  visit("file", c.file);
  visit("line", c.line);
  visit("chip", c.chip);
  visit("kind", c.kind);
  visit("spec", c.spec);
  visit("quantity", c.quantity);
  visit("source", c.source);
  visit("trust", c.trust);
  visit("measured", c.measured);
  visit("predicted", c.predicted);
  visit("predicted_low", c.predicted_low);
  visit("predicted_high", c.predicted_high);
  visit("skipped", c.skipped);
  visit("code_version", c.code_version);
}

}  // namespace ane::results
