#include "workloads/readqc/reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

std::array<double, 256> make_error_rates() {
  std::array<double, 256> t{};
  for (std::size_t q = 0; q < t.size(); ++q) t[q] = std::pow(10.0, -static_cast<double>(q) / 10);
  return t;
}

}  // namespace

const std::array<std::uint8_t, 256> base_codes = make_base_codes();
const std::array<double, 256> error_rates = make_error_rates();

Counts counts_behind(std::span<const std::uint8_t> bases, std::span<const std::uint8_t> qualities,
                     std::size_t first) {
  Counts c;
  for (std::size_t i = first; i < bases.size(); ++i) {
    const std::uint8_t base = bases[i], quality = qualities[i];
    c.quality_sum += quality;
    c.below_q15 += quality < 15 ? 1 : 0;
    c.expected_errors += error_rates[quality];
    c.unknown += base == base_unknown ? 1 : 0;
    c.known += base <= base_t ? 1 : 0;
    c.gc += base == base_c || base == base_g ? 1 : 0;
    c.changes += base != bases[i - 1] ? 1 : 0;
  }
  return c;
}

std::string_view ReadText::name() const {
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  return line.substr(1, line.find_first_of(" \t", 1) - 1);
}

void ReadBatch::reserve(std::int64_t reads) {
  const auto n = static_cast<std::size_t>(reads);
  bases.reserve(n * static_cast<std::size_t>(window));
  qualities.reserve(n * static_cast<std::size_t>(window));
  lengths.reserve(n);
  full_lengths.reserve(n);
  tails.reserve(n);
  records.reserve(n);
}

void ReadBatch::append(std::span<const std::uint8_t> read_bases,
                       std::span<const std::uint8_t> read_qualities, std::int64_t record) {
  ANE_CHECK(read_bases.size() == read_qualities.size(), "one quality a base");
  constexpr auto most = static_cast<std::size_t>(window);
  const std::size_t kept = std::min(read_bases.size(), most);
  const auto add = [kept](auto& column, auto values, std::uint8_t padding) {
    column.insert(column.end(), values.begin(), values.begin() + static_cast<std::ptrdiff_t>(kept));
    column.resize(column.size() + most - kept, padding);
  };
  add(bases, read_bases, base_padding);
  add(qualities, read_qualities, 0);
  lengths.push_back(static_cast<std::int32_t>(kept));
  full_lengths.push_back(static_cast<std::int64_t>(read_bases.size()));
  tails.push_back(counts_behind(read_bases, read_qualities, most));
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
  add(tails, more.tails);
  add(records, more.records);
  add(texts, more.texts);
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
    out.tails.push_back(tails[at]);
    out.records.push_back(records[at]);
    if (!texts.empty()) out.texts.push_back(texts[at]);
  }
  return out;
}

void append_read(ReadBatch& batch, std::string_view bases,
                 std::span<const std::uint8_t> qualities) {
  std::vector<std::uint8_t> codes;
  codes.reserve(bases.size());
  for (const char letter : bases) {
    codes.push_back(base_codes[static_cast<unsigned char>(letter)]);
    ANE_CHECK(codes.back() != 255, "a base letter");
  }
  batch.append(codes, qualities, batch.size() + 1);
}

void WindowFit::add(const ReadBatch& batch) {
  reads += batch.size();
  for (const std::int64_t length : batch.full_lengths) {
    longer += length > window ? 1 : 0;
    shorter += length < window ? 1 : 0;
    const std::int64_t seen = std::min(length, window);
    outside += trained_longest > 0 && (seen < trained_shortest || seen > trained_longest) ? 1 : 0;
  }
}

std::string WindowFit::outside_remark() const {
  if (outside == 0) return "";
  return fmt::format(
      "the model was trained on reads of {} bases, and does not fit {} of {} reads, of other "
      "lengths: what it says of them means little; `anesim train readqc --lengths` trains for a "
      "range",
      trained_shortest == trained_longest
          ? fmt::format("{}", trained_longest)
          : fmt::format("{} to {}", trained_shortest, trained_longest),
      outside, reads);
}

ReadBatch cut_reads(const ReadBatch& reads, std::int64_t shortest, std::int64_t longest,
                    std::uint64_t seed) {
  ANE_CHECK(1 <= shortest && shortest <= longest && longest <= window, "a range of lengths");
  Random random(seed);
  ReadBatch out;
  for (std::int64_t i = 0; i < reads.size(); ++i) {
    const ReadView read = reads[i];
    const auto own = static_cast<std::int64_t>(read.bases.size());
    if (own < shortest) continue;
    const auto spread = static_cast<std::uint64_t>(std::min(longest, own) - shortest + 1);
    const auto kept = static_cast<std::size_t>(shortest) + random.below(spread);
    out.append(read.bases.first(kept), read.qualities.first(kept),
               reads.records[static_cast<std::size_t>(i)]);
  }
  return out;
}

std::string WindowFit::longer_remark() const {
  if (longer == 0) return "";
  return fmt::format(
      "reads longer than {} bases: {} of {}; the model sees their first {}, rule, label and so "
      "accuracy are of the whole read",
      window, longer, reads, window);
}

std::string WindowFit::shorter_remark() const {
  if (shorter == 0) return "";
  return fmt::format("reads shorter than {} bases: {} of {}; the model sees zeros behind their end",
                     window, shorter, reads);
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
