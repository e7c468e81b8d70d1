#include "workloads/readqc/reads.h"

#include <algorithm>
#include <string_view>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::array<std::uint8_t, 256> make_base_codes() {
  std::array<std::uint8_t, 256> codes{};
  codes.fill(255);
  const auto set = [&codes](std::string_view letters, std::uint8_t code) {
    for (const char c : letters) codes[static_cast<unsigned char>(c)] = code;
  };
  set("Aa", base_a);
  set("Cc", base_c);
  set("Gg", base_g);
  set("TtUu", base_t);
  set(".NnRrYySsWwKkMmBbDdHhVv", base_unknown);
  return codes;
}

}  // namespace

const std::array<std::uint8_t, 256> base_codes = make_base_codes();

void ReadBatch::reserve(std::int64_t reads) {
  const auto n = static_cast<std::size_t>(reads);
  bases.reserve(n * static_cast<std::size_t>(window));
  qualities.reserve(n * static_cast<std::size_t>(window));
  lengths.reserve(n);
  full_lengths.reserve(n);
  records.reserve(n);
}

void ReadBatch::append_row(std::int64_t length, std::int64_t record) {
  bases.resize(bases.size() + static_cast<std::size_t>(window), base_padding);
  qualities.resize(qualities.size() + static_cast<std::size_t>(window), 0);
  lengths.push_back(static_cast<std::int32_t>(std::min(length, window)));
  full_lengths.push_back(length);
  records.push_back(record);
}

void ReadBatch::append(const ReadBatch& more) {
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(bases, more.bases);
  add(qualities, more.qualities);
  add(lengths, more.lengths);
  add(full_lengths, more.full_lengths);
  add(records, more.records);
}

ReadBatch ReadBatch::select(std::span<const std::int64_t> indices) const {
  ReadBatch out;
  out.reserve(static_cast<std::int64_t>(indices.size()));
  for (const std::int64_t i : indices) {
    ANE_CHECK(i >= 0 && i < size(), "read index outside the batch");
    const auto at = static_cast<std::size_t>(i);
    const auto row = i * window;
    out.bases.insert(out.bases.end(), bases.begin() + row, bases.begin() + row + window);
    out.qualities.insert(out.qualities.end(), qualities.begin() + row,
                         qualities.begin() + row + window);
    out.lengths.push_back(lengths[at]);
    out.full_lengths.push_back(full_lengths[at]);
    out.records.push_back(records[at]);
  }
  return out;
}

void append_read(ReadBatch& batch, std::string_view bases,
                 std::span<const std::uint8_t> qualities) {
  ANE_CHECK(bases.size() == qualities.size(), "one quality a base");
  batch.append_row(static_cast<std::int64_t>(bases.size()), batch.size() + 1);
  const std::size_t start = batch.bases.size() - static_cast<std::size_t>(window);
  const auto kept = static_cast<std::size_t>(batch.lengths.back());
  for (std::size_t i = 0; i < kept; ++i) {
    const std::uint8_t code = base_codes[static_cast<unsigned char>(bases[i])];
    ANE_CHECK(code != 255, "a base letter");
    batch.bases[start + i] = code;
    batch.qualities[start + i] = qualities[i];
  }
}

Part part_of(std::int64_t record) {
  const std::uint64_t bucket = Random(static_cast<std::uint64_t>(record)).below(100);
  return bucket < 70 ? Part::train : bucket < 85 ? Part::validation : Part::test;
}

std::vector<std::int64_t> indices_of(const ReadBatch& reads, Part part) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < reads.size(); ++i)
    if (part_of(reads.records[static_cast<std::size_t>(i)]) == part) indices.push_back(i);
  return indices;
}

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint64_t Random::below(std::uint64_t n) {
  ANE_CHECK(n >= 1 && n <= (std::uint64_t{1} << 32), "a range of 32 bits");
  return ((next() >> 32) * n) >> 32;
}

float Random::uniform() {
  return static_cast<float>(next() >> 40) * 0x1p-24f;
}

}  // namespace ane::workloads::readqc
