#include "workloads/model/ops/sequences/unrolled.h"

#include <algorithm>
#include <vector>

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;

// Programs of more steps than this take longer to compile than anyone waits for.
constexpr I most_steps = 2048;

struct Activation {
  std::string function;
  double alpha = 0, beta = 0;
};

// ONNX's names of activations that the machine has, with their usual parameters.
struct Known {
  std::string_view name, function;
  float alpha = 0, beta = 0;
};
constexpr Known known[] = {{"Sigmoid", "sigmoid"},
                           {"Tanh", "tanh"},
                           {"Relu", "relu"},
                           {"Softplus", "softplus"},
                           {"LeakyRelu", "leaky_relu", 0.01F},
                           {"Elu", "elu", 1},
                           {"HardSigmoid", "hard_sigmoid", 0.2F, 0.5F}};

class Layer {
 public:
  Layer(const Use& u, Mapper& m)
      : u_(u),
        m_(m),
        first_(u.integer("layout", 0) != 0),
        steps_(u.shape(0).at(first_ ? 1 : 0)),
        batch_(u.shape(0).at(first_ ? 0 : 1)),
        inputs_(u.shape(0).at(2)),
        hidden_(u.shape(2).at(2)),
        directions_(u.shape(1).at(0)),
        gates_(u.shape(1).at(1) / hidden_) {}

  std::optional<Why> mapped() {
    if (const auto why = refused()) return why;
    const Layout in = of({{first_ ? 1 : 0, first_ ? 0 : 1}, {2}, {}});
    x_ = u_.known(0) ? m_.constant(0, u_.shape(0), in) : m_.operand(0, in);
    std::vector<ValueId> all, last, cells;
    for (I d = 0; d < directions_; ++d) {
      run(d);
      all.push_back(joined(by_step_, Layout::w));
      last.push_back(state_);
      if (u_.node.op == "LSTM") cells.push_back(cell_);
    }
    // Directions stand in front of the states of one.
    if (u_.wants(0))
      give(0, all, first_ ? of({{1, 0}, {2, 3}, {}}, 0) : of({{0, 2}, {1, 3}, {}}, 0));
    const auto ends = [&](std::size_t k, const std::vector<ValueId>& parts) {
      if (u_.wants(k)) give(k, parts, first_ ? of({{0}, {1, 2}, {}}, k) : of({{1}, {0, 2}, {}}, k));
    };
    ends(1, last);
    if (u_.node.op == "LSTM") ends(2, cells);
    return std::nullopt;
  }

 private:
  struct Axes {
    std::vector<int> w, c, n;
  };
  // Of operand 0, or of a result; axes of extent 1 have no place.
  Layout of(const Axes& axes, std::optional<std::size_t> result = {}) const {
    const Shape& s = result ? m_.result_shape(*result) : u_.shape(0);
    return placed(axes, s);
  }
  static Layout placed(const Axes& axes, const Shape& s) {
    Layout l;
    const auto put = [&](std::size_t group, const std::vector<int>& from) {
      for (const int d : from)
        if (s.at(static_cast<std::size_t>(d)) != 1) l.of[group].push_back(d);
    };
    put(Layout::w, axes.w), put(Layout::c, axes.c), put(Layout::n, axes.n);
    return l;
  }

  std::optional<Why> refused() {
    for (const std::size_t k : {1, 2, 3})
      if (u_.has(k) && !u_.known(k))
        return Why{"C7",
                   "weights that are computed: the engines stream what is known before the "
                   "call",
                   "", "constant weights"};
    if (u_.has(4) && (!u_.known(4) || std::ranges::any_of(values_of(u_.in(4))->i, [&](I length) {
          return length != steps_;
        })))
      return Why{"R4",
                 "sequences whose lengths differ or are computed: a program has as many "
                 "steps for all",
                 "", "sequences of one length, without sequence_lens"};
    if (u_.has(7) || u_.real("clip", 0) != 0)
      return Why{"O2", "peepholes or bounds of gates, which are not mapped", "", "a plain LSTM"};
    if (steps_ * directions_ > most_steps)
      return Why{"R5", "more steps than one program should have (2048)", "",
                 "shorter sequences, the state handed from call to call"};
    if (steps_ * batch_ > m_.machine().max_extent)
      return Why{"R6",
                 "steps of all sequences beside each other are beyond the accelerator's extent", "",
                 "a smaller batch, or shorter sequences"};
    if (kernels::elements(u_.shape(0)) == 0) return Why{"S2", "tensors without elements", "", ""};
    const bool lstm = u_.node.op == "LSTM", gru = u_.node.op == "GRU";
    const std::vector<std::string> usual = lstm
                                               ? std::vector<std::string>{"Sigmoid", "Tanh", "Tanh"}
                                           : gru ? std::vector<std::string>{"Sigmoid", "Tanh"}
                                                 : std::vector<std::string>{"Tanh"};
    const Attribute *names = u_.attribute("activations"),
                    *alphas = u_.attribute("activation_alpha"),
                    *betas = u_.attribute("activation_beta");
    std::size_t with_alpha = 0, with_beta = 0;
    for (std::size_t k = 0; k < usual.size() * static_cast<std::size_t>(directions_); ++k) {
      const std::string name =
          names != nullptr && k < names->texts.size() ? names->texts[k] : usual[k % usual.size()];
      const auto* row = std::ranges::find(known, name, &Known::name);
      if (row == std::end(known))
        return Why{"F1", "the accelerator has no table of this activation", "isa/functions.h",
                   "Sigmoid, Tanh, Relu"};
      Activation a{std::string(row->function), static_cast<double>(row->alpha),
                   static_cast<double>(row->beta)};
      if (row->alpha != 0 && alphas != nullptr && with_alpha < alphas->reals.size())
        a.alpha = static_cast<double>(alphas->reals[with_alpha++]);
      if (row->beta != 0 && betas != nullptr && with_beta < betas->reals.size())
        a.beta = static_cast<double>(betas->reals[with_beta++]);
      if (row->alpha != 0 && a.alpha == 0 && a.beta == 0)
        return Why{"F1", "an activation whose parameters are 0", "", "Relu"};
      functions_.push_back(std::move(a));
    }
    return std::nullopt;
  }

  // ---- one direction

  const Activation& function(std::size_t k) const {
    const std::size_t each = functions_.size() / static_cast<std::size_t>(directions_);
    return functions_[static_cast<std::size_t>(direction_) * each + k];
  }
  ValueId active(std::size_t k, ValueId x) {
    Attributes a;
    a.activation = function(k).function;
    a.alpha = function(k).alpha, a.beta = function(k).beta;
    return m_.node("unary", {x}, std::move(a));
  }
  ValueId add(ValueId a, ValueId b) { return m_.elementwise("add", a, b); }
  ValueId times(ValueId a, ValueId b) { return m_.elementwise("mul", a, b); }
  ValueId minus(ValueId a, ValueId b) { return m_.elementwise("sub", a, b); }
  ValueId gate(ValueId x, I first, I count = 1) {
    return m_.slice(x, Layout::c, first * hidden_, count * hidden_);
  }
  ValueId joined(std::vector<ValueId> parts, std::size_t group) {
    return parts.size() == 1 ? parts[0] : m_.concat(std::move(parts), group);
  }
  void give(std::size_t k, std::vector<ValueId> parts, const Layout& layout) {
    m_.result(k, joined(std::move(parts), Layout::c), layout);
  }

  // Gates [first, first + count) of operand 1 or 2, with a bias.
  std::shared_ptr<kernels::Parameters> product(std::size_t operand, I first, I count,
                                               std::vector<float> bias) const {
    const I columns = operand == 1 ? inputs_ : hidden_;
    auto p = m_.parameters(count * hidden_, columns, 1, 1, !bias.empty());
    if (!m_.values()) return p;
    const Data all = values_of(u_.in(operand));
    const auto from = all->f.begin() + (direction_ * gates_ + first) * hidden_ * columns;
    p->weights.assign(from, from + count * hidden_ * columns);
    p->bias = std::move(bias);
    return p;
  }
  // Biases of the inputs' product (0) or the states' (1), of all gates; nothing where there is
  // none.
  std::vector<float> bias(I side) const {
    const auto rows = static_cast<std::size_t>(gates_ * hidden_);
    if (!u_.has(3)) return {};
    if (!m_.values()) return std::vector<float>(rows, 0);
    const Data all = values_of(u_.in(3));
    const auto from = all->f.begin() + (2 * direction_ + side) * gates_ * hidden_;
    return {from, from + static_cast<std::ptrdiff_t>(rows)};
  }
  // The first state (operand 5) or cell (6), or -1: zeros.
  ValueId initial(std::size_t operand) {
    if (!u_.has(operand)) return -1;
    const Shape& s = u_.shape(operand);
    const Layout l = placed(first_ ? Axes{{0}, {2}, {1}} : Axes{{1}, {2}, {0}}, s);
    const ValueId all = u_.known(operand) ? m_.constant(operand, s, l) : m_.operand(operand, l);
    return directions_ == 1 ? all : m_.slice(all, Layout::n, direction_, 1);
  }

  void run(I direction) {
    direction_ = direction;
    const bool gru = u_.node.op == "GRU";
    const bool after = gru && u_.integer("linear_before_reset", 0) != 0;
    // What both products add is added once, but for what a GRU resets.
    std::vector<float> first = bias(0);
    const std::vector<float> second = bias(1);
    const std::size_t shared = first.size() - (after ? first.size() / 3 : 0);
    for (std::size_t k = 0; k < shared; ++k) first[k] += second[k];
    if (after)
      reset_bias_.assign(second.begin() + static_cast<std::ptrdiff_t>(shared), second.end());
    const ValueId sums = m_.node("linear", {x_}, {}, product(1, 0, gates_, std::move(first)));
    states_ = gru ? std::vector{product(2, 0, 2, {}), product(2, 2, 1, reset_bias_)}
                  : std::vector{product(2, 0, gates_, {})};
    state_ = initial(5);
    cell_ = u_.node.op == "LSTM" ? initial(6) : -1;
    by_step_.assign(static_cast<std::size_t>(steps_), -1);
    const bool backwards = direction == 1 || u_.text("direction", "forward") == "reverse";
    for (I s = 0; s < steps_; ++s) {
      const I t = backwards ? steps_ - 1 - s : s;
      const ValueId x = m_.slice(sums, Layout::w, t * batch_, batch_);
      if (gru)
        gru_step(x, after);
      else if (u_.node.op == "LSTM")
        lstm_step(x);
      else
        state_ = active(0, with_state(x, 0));
      by_step_[static_cast<std::size_t>(t)] = state_;
    }
  }

  ValueId with_state(ValueId x, std::size_t product) {
    return state_ < 0 ? x : add(m_.node("linear", {state_}, {}, states_[product]), x);
  }

  void lstm_step(ValueId x) {  // gates i, o, f, c
    const ValueId sum = with_state(x, 0);
    const ValueId gates = active(0, gate(sum, 0, 3)), fresh = active(1, gate(sum, 3));
    const ValueId in = times(gate(gates, 0), fresh);
    cell_ = cell_ < 0 ? in : add(times(gate(gates, 2), cell_), in);
    state_ = times(gate(gates, 1), active(2, cell_));
  }

  void gru_step(ValueId x, bool after) {  // gates z, r, h
    const ValueId gates = active(0, with_state(gate(x, 0, 2), 0));
    const ValueId update = gate(gates, 0), reset = gate(gates, 1);
    ValueId fresh = gate(x, 2);
    if (after && (state_ >= 0 || !reset_bias_.empty())) {
      const ValueId own =
          state_ >= 0 ? m_.node("linear", {state_}, {}, states_[1])
                      : m_.constant("bias", {.w = 1, .h = 1, .c = hidden_, .n = 1}, reset_bias_);
      fresh = add(times(reset, own), fresh);
    } else if (!after && state_ >= 0) {
      fresh = add(m_.node("linear", {times(reset, state_)}, {}, states_[1]), fresh);
    }
    fresh = active(1, fresh);
    state_ = state_ < 0 ? minus(fresh, times(update, fresh))
                        : add(fresh, times(update, minus(state_, fresh)));
  }

  const Use& u_;
  Mapper& m_;
  bool first_;  // batch first
  I steps_, batch_, inputs_, hidden_, directions_, gates_;
  std::vector<Activation> functions_;
  ValueId x_ = -1;

  // ---- of the direction that runs now
  I direction_ = 0;
  std::vector<float> reset_bias_;
  std::vector<std::shared_ptr<kernels::Parameters>> states_;  // products of the state
  ValueId state_ = -1, cell_ = -1;
  std::vector<ValueId> by_step_;
};

}  // namespace

std::optional<Why> map_recurrent(const Use& u, Mapper& m) {
  return Layer(u, m).mapped();
}

}  // namespace ane::workloads::model::ops
