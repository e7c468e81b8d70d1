// The text that says one piece of work so that a program can run it, as the measured rows of
// results/silicon/*.csv carry it:
//
//   kind=conv cin=512 cout=512 h=1 w=64 kh=1 kw=1 depth=32 shared_weights=1 unit=ane path=direct
//
// Space-separated key=value. `kind` decides which keys are needed; every other key is optional and
// keeps the default below. Sizes are counts of elements, times are seconds, byte counts are bytes.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads {

struct Spec {
  std::string kind;  // conv matmul elementwise op network encoder llm mpnn copy launch idle
  std::string unit;  // ane gpu cpu memory; empty: the caller decides
  std::string path;  // the software that runs it: direct coreml mlx ... none
  std::string weights = "fp16";  // fp32 fp16 int8 int4 lut1..lut8 sparse<percent> q8_0 q4_0 q4_k_m
  std::string activations = "fp16";
  std::int64_t batch = 1;

  // conv: h, w are those of the output; depth layers in a chain.
  std::int64_t cin = 0, cout = 0, h = 1, w = 1, kh = 1, kw = 1, stride = 1, groups = 1, depth = 1;
  std::int64_t cin_first = 0;   // input channels of a chain's first layer, 0: cin
  bool shared_weights = false;  // all layers of the chain use one weight tensor
  std::string pad;              // same, valid
  std::string epilogue;         // relu
  // matmul: [m, k] x [k, n], `batch` times; k is also the neighbours of mpnn and top-k's k.
  std::int64_t m = 0, n = 0, k = 0;
  bool bmm = false;  // each batch item has its own right-hand matrix
  bool bias = false, transpose_b = false;
  // elementwise and op
  std::string op, shape, axes;
  std::int64_t elements = 0;
  // network and encoder
  std::string name, input;
  // llm
  std::int64_t params = 0, layers = 0, hidden = 0, ffn = 0, heads = 0, kv_heads = 0, vocab = 0;
  std::int64_t head_dim = 0;  // 0: hidden / heads
  bool tied_embeddings = false;
  std::string phase;  // llm: decode, prefill; mpnn: forward, encode, decode_step, uncond, sample
  std::int64_t tokens = 1, context = 0, capacity = 0;
  std::int64_t call_tokens = 0, calls = 0, dispatches = 0, positions = 0, cpu_ops = 0;
  std::int64_t weight_bytes = 0;  // read for each token, where the source states it
  // Where keys and values stay between calls. device: the program reads them in place and writes
  // this call's columns (Core ML states of macOS 15). buffers: a whole cache is an input and an
  // output of each call, of which the host hands over only the buffer; host: and copies it.
  std::string state = "device";
  bool flash_attention = false;
  // mpnn
  std::int64_t residues = 0, encoder = 0, decoder = 0, context_layers = 0;
  bool featurise = false;
  // copy
  std::int64_t bytes = 0;
  std::string direction, size;
  std::int64_t counted = 1;  // how often a bandwidth figure counts each byte
  // how it was measured
  std::int64_t slope_from = 0;  // the figure is marginal: (t(depth) - t(slope_from)) a layer
  double zeros = 0;             // percent of exact zeros among densely stored weights
  std::int64_t engines = 1;
  std::string io;  // fp32: host tensors with casts inside
  std::string api, threads, concurrent, compute_units;
  bool overlap = false;  // calls back to back, nobody waits
  bool cold = false;
  double idle_s = 0;
  std::int64_t macs = 0;  // stated by the source
  std::string scope;      // rail, package: what a power figure covers
  // Not of the grammar: a rate of items counts calls, as "iterations" of a denoiser do.
  bool counts_calls = false;

  std::set<std::string, std::less<>> given;  // keys that the text named
  bool has(std::string_view key) const { return given.contains(key); }
  friend bool operator==(const Spec&, const Spec&) = default;
};

// place: for messages. InputError for a word without '=', an unknown key or kind (with the
// nearest), a key given twice, a value of the wrong form or out of range, and a key that the kind
// needs but the text lacks.
Spec parse_spec(std::string_view text, const std::string& place = "spec");

// The given keys in the order of the table; parse_spec(to_string(s)) == s.
std::string to_string(const Spec& spec);

// Bytes of one value: fp32 4, fp16 2, int8 1; weights as stored, with the scales of their blocks
// (llama.cpp's q8_0 34 bytes for 32, q4_0 18 for 32, q4_k_m 4.85 bits). InputError if unknown.
double bytes_of(std::string_view format);

// FLOP of one call, a multiply-add counted as two, on the shapes as given: what a published FLOP/s
// figure is based on. 0 where the kind has none.
double nominal_flop(const Spec& spec);

// "64x128x128" as its extents. InputError for anything else.
std::vector<std::int64_t> extents(std::string_view shape);

}  // namespace ane::workloads
