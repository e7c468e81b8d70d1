// kind=conv: a convolution, or `depth` of them in a chain; h and w are those of the output.
#include "isa/error.h"
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {

enum class Padding { same, valid };
enum class Epilogue { none, relu };
static std::span<const std::string_view> names_of(Padding) {
  static constexpr std::string_view names[] = {"same", "valid"};
  return names;
}
static std::span<const std::string_view> names_of(Epilogue) {
  static constexpr std::string_view names[] = {"none", "relu"};
  return names;
}

namespace {

double real(std::int64_t v) {
  return static_cast<double>(v);
}

struct Conv : Work {
  std::int64_t cin = 0, cout = 0, h = 1, w = 1, kh = 1, kw = 1, stride = 1, groups = 1, depth_ = 1;
  std::int64_t cin_first = 0, bytes = 0;
  bool shared_weights = false;
  Padding pad = Padding::same;
  Epilogue epilogue = Epilogue::none;

  static constexpr Key keys[] = {
      needed<&Conv::cin>("cin", "input channels"),
      needed<&Conv::cout>("cout", "output channels"),
      needed<&Conv::h>("h", "rows of the output"),
      needed<&Conv::w>("w", "columns of the output"),
      key<&Conv::kh>("kh", "rows of the kernel", 1, 1e4),
      key<&Conv::kw>("kw", "columns of the kernel", 1, 1e4),
      key<&Conv::stride>("stride", "in rows and columns", 1, 1e4),
      key<&Conv::groups>("groups", "of channels, each a convolution of its own", 1),
      key<&Conv::depth_>("depth", "layers in a chain", 1, 1e5),
      key<&Conv::cin_first>("cin_first", "input channels of a chain's first layer"),
      key<&Conv::shared_weights>("shared_weights", "all layers use one weight tensor"),
      key<&Conv::pad>("pad", "same or valid"),
      key<&Conv::epilogue>("epilogue", "none or relu"),
      key<&Conv::bytes>("bytes", "that a bandwidth figure counts"),
  };

  void check(const Request& r, const std::string& place) const override {
    // Strides make the input of a chain larger with every layer.
    double rows = real(h), columns = real(w);
    for (std::int64_t i = 0; i < depth_ && rows * columns <= 1e15; ++i) {
      rows = input_extent(rows, real(kh));
      columns = input_extent(columns, real(kw));
    }
    check_elements("the input", rows * columns * real(first()) * real(r.batch), place);
    if (cin % groups != 0 || cout % groups != 0 || first() % groups != 0)
      throw InputError(place, "groups do not divide the channels",
                       "a divisor of cin and cout; depthwise: groups = cin");
  }
  double nominal_flop(const Request& r) const override {
    const double per_cin = 2 * real(cout) * real(h) * real(w) * real(kh) * real(kw) / real(groups);
    return real(r.batch) * per_cin * (real(first()) + real(depth_ - 1) * real(cin));
  }
  double counted_bytes(const Request&) const override { return static_cast<double>(bytes); }
  std::int64_t depth() const override { return depth_; }

  Job job(const Request& r, const JobFor& target) const override {
    const double distinct = shared_weights ? 1.0 / static_cast<double>(depth_) : 1;
    if (target.form == Form::framework && !target.programs)
      return {.stages = {{.work = operators(r)}}, .distinct_weights = distinct};
    return {.stages = {{.work = graph(r, target)}}, .distinct_weights = distinct};
  }

 private:
  std::int64_t first() const { return cin_first > 0 ? cin_first : cin; }

  WorkList operators(const Request& r) const {
    const double a = bytes_of(r.formats.activations), wb = bytes_of(r.formats.weights);
    WorkList out;
    for (std::int64_t layer = 0; layer < depth_; ++layer) {
      const std::int64_t in = layer == 0 ? first() : cin;
      kernels::Work x = product(r.batch * h * w, cout, in * kh * kw / groups, a, wb);
      x.kind = kernels::WorkKind::conv;
      x.read = whole_bytes(static_cast<double>(r.batch * h * stride * w * stride * in) * a);
      x.compressed = wb < 2;
      x.name = "conv";
      out.push_back(x);
      if (epilogue == Epilogue::relu) out.push_back(pointwise(r.batch * h * w * cout, a));
    }
    return out;
  }

  // Input extent that gives `out` under a window: padded, or not.
  template <class T>
  T input_extent(T out, T kernel) const {
    const auto step = static_cast<T>(stride);
    return pad == Padding::same ? out * step : (out - 1) * step + kernel;
  }

  Graph graph(const Request& r, const JobFor& target) const {
    std::int64_t rows = h, columns = w;
    for (std::int64_t i = 0; i < depth_; ++i) {
      rows = input_extent(rows, kh);
      columns = input_extent(columns, kw);
    }
    Plain plain(r, target);
    Layers& l = plain.layers;
    ValueId x = plain.input("x", {.w = columns, .h = rows, .c = first(), .n = r.batch});
    const Layers::Window window{.kh = static_cast<int>(kh),
                                .kw = static_cast<int>(kw),
                                .stride = static_cast<int>(stride),
                                .pad = pad == Padding::same ? -1 : 0,
                                .groups = groups,
                                .activation = std::string(name(epilogue))};
    std::shared_ptr<const Parameters> shared;
    for (std::int64_t i = 0; i < depth_; ++i) {
      // A chain of unequal channels goes there and back.
      const bool back = cin != cout && i % 2 == 1;
      const std::int64_t in = l.extents(x).c, out = back ? cin : cout;
      std::shared_ptr<const Parameters> p = shared;
      if (!p || p->cin * groups != in || p->cout != out)
        p = l.parameters(out, in / groups, window.kh, window.kw);
      if (shared_weights && !back) shared = p;
      x = l.conv_with(x, p, window, i + 1 < depth_);
    }
    return plain.finish(x);
  }
};

}  // namespace

namespace kind {
extern const Kind conv;
constinit const Kind conv = kind_of<Conv>("conv", "a convolution, or a chain of them", "item",
                                          takes_numbers | takes_slope | takes_zeros | takes_io);
}  // namespace kind

}  // namespace ane::workloads
