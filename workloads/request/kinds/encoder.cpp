#include "workloads/request/kinds/encoder.h"

#include "isa/error.h"

namespace ane::workloads {

Encoder EncoderWork::shape() const {
  Encoder e = encoder_named(name_);
  const auto take = [](std::int64_t& member, std::int64_t value) {
    if (value > 0) member = value;
  };
  take(e.layers, layers);
  take(e.hidden, hidden);
  take(e.ffn, ffn);
  take(e.heads, heads);
  take(e.tokens, tokens);
  if (e.hidden % e.heads != 0)
    throw InputError("request", "encoder '" + name_ + "': " + std::to_string(e.heads) +
                                    " heads do not divide " + std::to_string(e.hidden) +
                                    " features");
  return e;
}

Job EncoderWork::job(const Request& r, const JobFor& target) const {
  Numbers numbers = target.programs ? numbers_of(r.formats, target.machine) : Numbers{};
  numbers.seed = target.seed;
  return {.stages = {{.work = build_encoder(shape(), r.batch, numbers)}}};
}

namespace kind {
extern const Kind encoder;
constinit const Kind encoder = kind_of<EncoderWork>("encoder", "a transformer encoder", "sequence",
                                                    takes_numbers | takes_zeros);
}  // namespace kind

}  // namespace ane::workloads
