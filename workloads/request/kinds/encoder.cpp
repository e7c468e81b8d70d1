#include "workloads/request/kinds/encoder.h"

#include "isa/error.h"

namespace ane::workloads {

std::vector<Named> EncoderWork::named() {
  std::vector<Named> all;
  for (const Encoder& e : encoders()) all.push_back({std::string(e.name), std::string(e.summary)});
  return all;
}

std::optional<std::string> EncoderWork::spelt(std::string_view name) {
  const Encoder* e = find_encoder(name);
  return e == nullptr ? std::nullopt : std::optional<std::string>(e->name);
}

void EncoderWork::settle() {
  const Encoder* own = find_encoder(name_);
  if (own == nullptr) return;
  unsay(tokens, own->tokens);
  unsay(layers, own->layers);
  unsay(hidden, own->hidden);
  unsay(ffn, own->ffn);
  unsay(heads, own->heads);
}

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
  Encoder e = shape();
  // Other devices multiply matrices of rows as they lie. Text encoders are listed for them with
  // their transpositions, which PyTorch makes.
  if (!target.programs && e.audio) e.ane_shaped = true;
  return {.stages = {{.work = build_encoder(e, r.batch, numbers)}}};
}

namespace kind {
extern const Kind encoder;
constinit const Kind encoder = kind_of<EncoderWork>("encoder", "a transformer encoder", "sequence",
                                                    takes_numbers | takes_zeros);
}  // namespace kind

}  // namespace ane::workloads
