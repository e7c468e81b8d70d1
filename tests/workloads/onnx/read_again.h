// A graph written as an ONNX file and read again, beside itself, bit for bit.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/arith/profile.h"
#include "tests/workloads/onnx/mapped.h"
#include "workloads/onnx/onnx.h"
#include "workloads/onnx/write.h"

namespace ane::workloads::cases {

inline model::Mapped read_again(const Graph& g) {
  const model::Source source = onnx::parse_onnx(onnx::write_onnx(g), "graph.onnx");
  static const isa::Machine machine = [] {
    isa::Machine m;
    m.int8_macs = true;
    return m;
  }();
  return model::map_model(model::bind(source, {}), {.machine = machine, .values = true});
}

// Elements of [n, c, h, w] as the model's tensor of that port, laid as the port says.
inline kernels::Tensor laid_as(const kernels::Tensor& t, const model::Port& port) {
  model::Array a(port.type.dtype, port.type.shape);
  for (std::int64_t i = 0; i < t.size(); ++i)
    a.set(i, kernels::element(t, i) + model::code_shift(port.type.dtype));
  return laid(a, port);
}

inline void expect_same_bits(const Graph& g, const Tensors& inputs) {
  const model::Mapped again = read_again(g);
  for (const Node& n : again.graph.nodes)
    EXPECT_EQ(model::host_reason(n), nullptr) << n.name << " is the host's";
  Tensors same;
  for (const model::Port& p : again.inputs) same[p.name] = laid_as(inputs.at(p.given), p);
  for (const char* profile : {"ieee", "ane16"}) {
    const kernels::Arithmetic& bits =
        kernels::bit_arithmetic(kernels::arith::profile_named(profile));
    const Tensors wanted = evaluate(joined(g), bits, inputs),
                  got = evaluate(joined(again.graph), bits, same);
    for (const ValueId v : g.outputs) {
      const std::string& name = g.values[static_cast<std::size_t>(v)].name;
      const auto port = std::ranges::find(again.outputs, name, &model::Port::given);
      ASSERT_NE(port, again.outputs.end()) << name;
      const kernels::Tensor want = laid_as(wanted.at(name), *port), &is = got.at(port->name);
      ASSERT_EQ(want.size(), is.size());
      for (std::int64_t i = 0; i < is.size(); ++i)
        ASSERT_EQ(kernels::element(want, i), kernels::element(is, i))
            << profile << " " << name << " element " << i;
    }
  }
}

}  // namespace ane::workloads::cases
