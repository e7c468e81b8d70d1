#include "workloads/mpnn/graph/graph.h"

#include <fmt/format.h>

#include <array>

#include "isa/error.h"
#include "workloads/mpnn/graph/parts.h"

namespace ane::workloads::mpnn {
namespace {

void require_sizes(const Weights& w, const GraphOptions& o) {
  check(w.spec);
  if (o.length < 1 || o.batch < 1)
    throw InputError("", fmt::format("a graph for {} proteins of {} residues", o.batch, o.length));
}

void encoder(Parts& p, ValueId& hV, ValueId& hE) {
  const Weights& w = p.weights();
  for (std::size_t i = 0; i < w.encoder.size(); ++i) {
    const EncoderLayer& l = w.encoder[i];
    const std::string name = fmt::format("encoder_layers.{}", i);
    // Before the first layer hV is 0: only the edges speak.
    const ValueId first = i == 0 ? p.edge_only(name + ".W1", l.W1, hE)
                                 : p.pair(name + ".W1", l.W1, hV, hE, p.columns("index"));
    ValueId m = p.linear(name + ".W2", l.W2, first, "gelu");
    m = p.message(name + ".W3", l.W3, m);
    const ValueId dh = p.sum_slots(name, m, p.pair_mask());
    ValueId x = i == 0 ? dh : p.builder().elementwise(name + ".residual", "add", hV, dh);
    x = p.norm(name + ".norm1", l.norm1, x);
    x = p.feed_forward(name, l.ff_in, l.ff_out, x);
    hV = p.masked(name + ".mask", p.norm(name + ".norm2", l.norm2, x));
    ValueId e = p.pair(name + ".W11", l.W11, hV, hE, p.columns("index"));
    e = p.linear(name + ".W12", l.W12, e, "gelu");
    e = p.linear(name + ".W13", l.W13, e);
    e = p.builder().elementwise(name + ".edge_residual", "add", hE, e);
    hE = p.norm(name + ".norm3", l.norm3, e);
  }
}

// W1 of a decoder layer over [hV_i; hE; hS_j; hV_j or the encoder's].
ValueId decoder_pair(Parts& p, const std::string& name, std::size_t n, const Linear& W1, ValueId hV,
                     ValueId hE, ValueId table) {
  const bool typed = p.options().pass != Pass::unconditional;
  // Only later layers of a decoder that sees types choose between two tables.
  const Columns columns = p.columns(typed && n > 0 ? "select" : "index");
  const std::int64_t h = p.weights().spec.hidden;
  if (p.options().factored) {
    ValueId x = p.linear_part(name + ".edge", W1, h, h, hE, false);
    const ValueId own = p.linear_part(name + ".own", W1, 0, h, hV, true);
    x = p.builder().elementwise(name + ".add_own", "add", x, own);
    if (typed)
      x = p.builder().elementwise(name + ".add_type", "add", x, p.type_part(name + ".type", W1));
    const ValueId other = p.gather(name + ".gather", table, columns);
    return p.builder().elementwise(name + ".add_other", "add", x, other, "gelu");
  }
  std::vector<ValueId> parts{p.expand(name + ".own", hV), hE};
  if (typed) parts.push_back(p.types());
  parts.push_back(p.gather(name + ".gather", table, columns));
  const ValueId x = p.concat(name + ".concat", parts, kernels::axis_c);
  return typed ? p.linear(name, W1, x, "gelu") : p.linear_without(name, W1, 2 * h, h, x, "gelu");
}

// What neighbours read of a place: its hV, or (factored) its part of W1.
ValueId table_row(Parts& p, std::size_t n, ValueId hV) {
  if (!p.options().factored) return hV;
  const Linear& W1 = p.weights().decoder[n].W1;
  const std::int64_t h = p.weights().spec.hidden;
  return p.linear_part(fmt::format("decoder_layers.{}.W1.other", n), W1, W1.in - h, h, hV, false);
}

// As table_row, of the encoder's hV, under another name: both exist in one graph.
ValueId encoder_row(Parts& p, std::size_t n, ValueId hV) {
  if (!p.options().factored) return hV;
  const Linear& W1 = p.weights().decoder[n].W1;
  const std::int64_t h = p.weights().spec.hidden;
  return p.linear_part(fmt::format("decoder_layers.{}.W1.encoder", n), W1, W1.in - h, h, hV, false);
}

ValueId decoder_layer(Parts& p, std::size_t n, ValueId hV, ValueId hE, ValueId table) {
  const DecoderLayer& l = p.weights().decoder[n];
  const std::string name = fmt::format("decoder_layers.{}", n);
  ValueId m = decoder_pair(p, name + ".W1", n, l.W1, hV, hE, table);
  m = p.linear(name + ".W2", l.W2, m, "gelu");
  m = p.message(name + ".W3", l.W3, m);
  const ValueId dh = p.sum_slots(name, m, p.valid());
  ValueId x = p.builder().elementwise(name + ".residual", "add", hV, dh);
  x = p.norm(name + ".norm1", l.norm1, x);
  x = p.feed_forward(name, l.ff_in, l.ff_out, x);
  return p.masked(name + ".mask", p.norm(name + ".norm2", l.norm2, x));
}

void head(Parts& p, ValueId hV) {
  if (p.options().head == Head::host) return p.output("decoded", hV);
  const ValueId x = p.linear("W_out", p.weights().W_out, hV);
  if (p.options().head == Head::logits) return p.output("logits", x);
  Attributes a;
  a.axes = kernels::axis_c;
  p.output("log_probs", p.builder().node("log_softmax", "log_softmax", {x}, a));
}

ValueId embed(Parts& p) {
  const Weights& w = p.weights();
  ValueId x = p.builder().input("edges", p.slots(edge_inputs));
  x = p.linear("features.edge_embedding", w.edge_embedding, x, "none", false);
  x = p.norm("features.norm_edges", w.norm_edges, x);
  return p.linear("W_e", w.W_e, x);
}

void step(Parts& p) {
  const std::int64_t h = p.weights().spec.hidden, layers = p.weights().spec.decoder_layers;
  ValueId hV = p.builder().input("hV", p.nodes(h));
  const ValueId hE = p.builder().input("hE", p.slots(h));
  const std::int64_t columns = p.options().length * p.options().batch;
  for (std::int64_t n = 0; n < layers; ++n) {
    const ValueId table = p.builder().input(fmt::format("table.{}", n),
                                            p.column_type(h, n == 0 ? columns : 2 * columns));
    hV = decoder_layer(p, static_cast<std::size_t>(n), hV, hE, table);
    if (n + 1 < layers) {
      // The unfactored row is hV itself, which the next layer goes on to use.
      p.output(fmt::format("row.{}", n + 1), table_row(p, static_cast<std::size_t>(n) + 1, hV));
    }
  }
  head(p, hV);
}

template <class List>
auto named(std::string_view given, const char* what, const List& list) {
  std::vector<std::string> names;
  for (const auto choice : list) {
    if (name(choice) == given) return choice;
    names.emplace_back(name(choice));
  }
  throw InputError("", fmt::format("unknown {} '{}'", what, given), choice_note(given, names));
}

}  // namespace

std::string_view name(Gather g) {
  return g == Gather::texture ? "texture" : g == Gather::one_hot ? "one_hot" : "host";
}

Gather gather_named(std::string_view given) {
  return named(given, "way to gather", std::array{Gather::texture, Gather::one_hot, Gather::host});
}

std::string_view name(Head h) {
  return h == Head::log_probs ? "log_probs" : h == Head::logits ? "logits" : "host";
}

Head head_named(std::string_view given) {
  return named(given, "head", std::array{Head::log_probs, Head::logits, Head::host});
}

Graph build_graph(const Weights& weights, const GraphOptions& options) {
  require_sizes(weights, options);
  Parts p(weights, options);
  if (options.pass == Pass::step) {
    step(p);
    return p.finish();
  }
  ValueId hE = -1, hV = -1;
  if (options.pass == Pass::decode) {
    hV = p.builder().input("hV", p.nodes(weights.spec.hidden));
    hE = p.builder().input("hE", p.slots(weights.spec.hidden));
  } else {
    hE = embed(p);
    encoder(p, hV, hE);
  }
  std::vector<ValueId> fixed;
  for (std::size_t n = 0; n < weights.decoder.size(); ++n)
    fixed.push_back(n == 0 || options.factored ? encoder_row(p, n, hV) : fixed[0]);
  if (options.pass == Pass::encode) {
    p.output("hV", hV);
    p.output("hE", hE);
    if (options.factored)
      for (std::size_t n = 0; n < fixed.size(); ++n) p.output(fmt::format("table.{}", n), fixed[n]);
    return p.finish();
  }
  ValueId x = hV;
  for (std::size_t n = 0; n < weights.decoder.size(); ++n) {
    ValueId table = fixed[n];
    // Later layers read what the layer before made of the places decoded earlier, and the
    // encoder's of the others: two tables side by side, chosen between by the index.
    if (options.pass != Pass::unconditional && n > 0)
      table = p.beside(fmt::format("decoder_layers.{}.W1.table", n), table_row(p, n, x), fixed[n]);
    x = decoder_layer(p, n, x, hE, table);
  }
  head(p, x);
  return p.finish();
}

Graph build_graph(const ModelSpec& spec, GraphOptions options) {
  options.with_values = false;
  return build_graph(shapes_of(spec), options);
}

}  // namespace ane::workloads::mpnn
