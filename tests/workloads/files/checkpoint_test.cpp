#include "workloads/files/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/fuzz/zip_writer.h"
#include "workloads/files/pickle.h"

namespace ane::workloads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Pickles written by hand, as torch.save writes them.
template <class T>
std::string raw(T v) {
  return {reinterpret_cast<const char*>(&v), sizeof v};
}
std::string text(const std::string& s) {
  return "X" + raw(static_cast<std::uint32_t>(s.size())) + s;
}
std::string integer(std::int32_t v) {
  return "J" + raw(v);
}
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string tuple(const std::string& items) {
  return "(" + items + "t";
}
std::string storage(const std::string& type, const std::string& key, std::int32_t elements) {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") +
               integer(elements)) +
         "Q";
}
std::string ordered_dict() {
  return global("collections", "OrderedDict") + ")R";
}
std::string tensor(const std::string& from, std::int32_t offset, const std::string& shape,
                   const std::string& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple(from + integer(offset) + tuple(shape) + tuple(strides) + "\x89" + ordered_dict()) +
         "R";
}
std::string pickle(const std::string& body) {
  return "\x80\x02" + body + ".";
}
std::string weights(const std::string& t) {
  return pickle("}(" + text("w") + t + "u");
}

std::string zip(const fuzz::Members& members) {
  return fuzz::zip_of(members, true);
}

std::string floats(std::initializer_list<float> values) {
  std::string out;
  for (const float v : values) out += raw(v);
  return out;
}

Checkpoint load(const std::string& data_pkl,
                const std::string& storage0 = floats({1, 2, 3, 4, 5, 6})) {
  return parse_checkpoint(zip({{"a/data.pkl", data_pkl}, {"a/data/0", storage0}}), "a.pt");
}

std::string refusal(const std::string& data_pkl, const std::string& storage0 = floats({1, 2})) {
  try {
    load(data_pkl, storage0);
  } catch (const InputError& e) {
    return e.what();
  }
  return "not refused";
}

TEST(Checkpoint, ReadsTensorsNumbersAndTextsByTheirPaths) {
  const std::string t =
      tensor(storage("FloatStorage", "0", 6), 0, integer(2) + integer(3), integer(3) + integer(1));
  const Checkpoint c = load(pickle("}(" + text("num_edges") + "K\x30" + text("noise") + "G" +
                                   std::string("\x3f\xe0\0\0\0\0\0\0", 8) + text("name") +
                                   text("v") + text("none") + "N" + text("list") + "](K\x01\x88" +
                                   "e" + text("state") + "}" + text("w") + t + "s" + "u"));
  EXPECT_EQ(c.numbers.at("num_edges"), 48);
  EXPECT_EQ(c.numbers.at("noise"), 0.5);
  EXPECT_EQ(c.numbers.at("list.1"), 1);
  EXPECT_EQ(c.texts.at("name"), "v");
  ASSERT_NE(c.find("state.w"), nullptr);
  EXPECT_THAT(c.find("state.w")->shape, ElementsAre(2, 3));
  EXPECT_THAT(c.find("state.w")->as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(c.find("nothing"), nullptr);
}

TEST(Checkpoint, FollowsOffsetsAndStrides) {
  // The transpose of a [2, 2] block that starts at the third element.
  const Checkpoint c = load(weights(tensor(storage("FloatStorage", "0", 6), 2,
                                           integer(2) + integer(2), integer(1) + integer(2))));
  EXPECT_THAT(c.find("w")->as<float>(), ElementsAre(3, 5, 4, 6));
}

TEST(Checkpoint, ConvertsElementTypes) {
  const auto one = [](const std::string& type, const std::string& bytes) {
    return *load(weights(tensor(storage(type, "0", 1), 0, integer(1), integer(1))), bytes)
                .find("w");
  };
  EXPECT_THAT(one("DoubleStorage", raw(0.1)).as<float>(), ElementsAre(0.1f));
  EXPECT_THAT(one("BFloat16Storage", raw(std::uint16_t{0x3FC0})).as<float>(), ElementsAre(1.5f));
  EXPECT_EQ(one("HalfStorage", raw(std::uint16_t{0x3C00})).format, isa::Format::fp16);
  EXPECT_THAT(one("LongStorage", raw(std::int64_t{-5})).as<std::int32_t>(), ElementsAre(-5));
  EXPECT_THAT(one("ShortStorage", raw(std::int16_t{-5})).as<std::int32_t>(), ElementsAre(-5));
  EXPECT_THAT(one("CharStorage", raw(std::int8_t{-5})).as<std::int8_t>(), ElementsAre(-5));
  EXPECT_THROW(one("LongStorage", raw(std::int64_t{1} << 40)), InputError);
}

TEST(Checkpoint, ParametersAreTheirTensors) {
  const std::string t = tensor(storage("FloatStorage", "0", 6), 0, integer(1), integer(1));
  const Checkpoint c = load(weights(global("torch._utils", "_rebuild_parameter") +
                                    tuple(t + "\x88" + ordered_dict()) + "R"));
  EXPECT_THAT(c.find("w")->as<float>(), ElementsAre(1));
}

TEST(Checkpoint, EveryForeignNameIsRefusedBeforeAnythingIsDone) {
  for (const auto& [module, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {"os", "system"},
           {"posix", "system"},
           {"builtins", "eval"},
           {"builtins", "getattr"},
           {"subprocess", "Popen"},
           {"torch.hub", "load"},
           {"torch.serialization", "load"},
           {"collections", "OrderedDict.fromkeys"},
           {"numpy.core.multiarray", "scalar"},
           {"__main__", "ProteinMPNN"},
           {"torch", "load"},
           {"torch._utils", "_rebuild_qtensor"},
           {"torch", "ComplexFloatStorage"}}) {
    EXPECT_THAT(refusal(pickle(global(module, name) + tuple(text("true")) + "R")),
                HasSubstr("it names '" + module + "." + name + "'"));
    EXPECT_THAT(refusal(pickle(text(module) + text(name) + "\x93")),
                HasSubstr(module + "." + name));
  }
}

TEST(Checkpoint, OpcodesThatConstructOrImportAreRefusedByName) {
  EXPECT_THAT(refusal(pickle("(" + text("true") + "ios\nsystem\n")), HasSubstr("(INST)"));
  EXPECT_THAT(refusal(pickle("(" + ordered_dict() + "o")), HasSubstr("(OBJ)"));
  EXPECT_THAT(refusal(pickle(global("torch", "Size") + ")\x81")), HasSubstr("(NEWOBJ)"));
  EXPECT_THAT(refusal(pickle(global("torch", "Size") + ")}\x92")), HasSubstr("(NEWOBJ_EX)"));
  EXPECT_THAT(refusal(pickle("\x82\x01")), HasSubstr("(EXT1)"));
  EXPECT_THAT(refusal(pickle("P0\n")), HasSubstr("(PERSID)"));
  EXPECT_THAT(refusal(pickle("\xfe")), HasSubstr("an unknown opcode"));
}

TEST(Checkpoint, CallingWhatIsNoCallableIsRefused) {
  EXPECT_THAT(refusal(pickle(text("os.system") + tuple(text("true")) + "R")),
              HasSubstr("expected a known callable"));
  EXPECT_THAT(refusal(pickle(global("torch", "FloatStorage") + tuple(integer(1)) + "R")),
              HasSubstr("cannot be called"));
  // BUILD with a state on a tensor or on a global: __setstate__ by another name.
  EXPECT_THAT(refusal(pickle(global("torch", "FloatStorage") + "}b")), HasSubstr("BUILD"));
}

TEST(Checkpoint, TensorsBeyondTheirStorageAreRefused) {
  const auto view = [&](std::int32_t offset, std::int32_t size, std::int32_t stride) {
    return refusal(
        weights(tensor(storage("FloatStorage", "0", 2), offset, integer(size), integer(stride))));
  };
  EXPECT_EQ(view(0, 2, 1), "not refused");
  EXPECT_THAT(view(0, 3, 1), HasSubstr("reaches element 2 of a storage of 2"));
  EXPECT_THAT(view(1, 2, 1), HasSubstr("reaches"));
  EXPECT_THAT(view(-1, 1, 1), HasSubstr("reaches"));
  EXPECT_THAT(view(0, 2, -1), HasSubstr("negative"));
  EXPECT_THAT(view(0, 2000000000, 0), HasSubstr("an expanded view"));
  EXPECT_THAT(refusal(weights(tensor(storage("FloatStorage", "0", 3), 0, integer(1), integer(1)))),
              HasSubstr("needs 12 bytes, the archive holds 8"));
  EXPECT_THAT(
      refusal(weights(tensor(storage("FloatStorage", "../0", 2), 0, integer(1), integer(1)))),
      HasSubstr("no member 'a/data/../0'"));
  // An element count whose product with the element size wraps round to the bytes present.
  const std::string wrap = "\x8a\x08" + raw(std::int64_t{1} << 62);
  EXPECT_THAT(refusal(weights(tensor(tuple(text("storage") + global("torch", "FloatStorage") +
                                           text("0") + text("cpu") + wrap) +
                                         "Q",
                                     0, integer(1), integer(1))),
                      ""),
              HasSubstr("a storage of 4611686018427387904 elements"));
}

TEST(Checkpoint, StructuresMadeToExhaustAreRefused) {
  EXPECT_THAT(refusal(pickle("]q\x01h\x01"
                             "a")),
              HasSubstr("nested more than 32 deep"));
  // Forty levels, each holding the one below twice: 2^40 paths.
  std::string bomb = "K\x01q\x02";
  for (int i = 0; i < 25; ++i)
    bomb +=
        "]q\x03(h\x02h\x02"
        "eq\x02";
  EXPECT_THAT(refusal(pickle("(" + bomb + "1h\x02")), HasSubstr("more than 100000 values"));
  EXPECT_THAT(refusal("\x80\x02" + std::string(100000, '(')), HasSubstr("truncated"));
  EXPECT_THAT(refusal(pickle("h\x07")), HasSubstr("nothing was stored as 7"));
  EXPECT_THAT(refusal(pickle("")), HasSubstr("nothing on its stack"));
  EXPECT_THAT(refusal("\x80\x02X\xff\xff\xff\xff"), HasSubstr("truncated"));
}

std::string legacy(const std::string& type, const std::string& data) {
  const std::string magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  const std::string t = tensor(
      tuple(text("storage") + global("torch", type) + text("77") + text("cpu") + integer(2) + "N") +
          "Q",
      0, integer(2), integer(1));
  return pickle(magic) + pickle("M\xe9\x03") + pickle("}") + weights(t) +
         pickle("](" + text("77") + "e") + raw(std::int64_t{2}) + data;
}

TEST(Checkpoint, ReadsTheOlderFormatOfPicklesInARow) {
  const auto c = parse_checkpoint(legacy("FloatStorage", floats({7, 8})), "old.pt");
  EXPECT_THAT(c.find("w")->as<float>(), ElementsAre(7, 8));
  EXPECT_THROW(parse_checkpoint(legacy("FloatStorage", floats({7})), "old.pt"), InputError);
  EXPECT_THROW(parse_checkpoint(pickle("}"), "old.pt"), InputError);
  EXPECT_THROW(parse_checkpoint(pickle(global("os", "system")), "old.pt"), InputError);
}

TEST(Checkpoint, WhatWouldTakeMoreThanTheFileHoldsIsRefusedByItsLimit) {
  const std::string one = tensor(storage("FloatStorage", "0", 2), 0, integer(2), integer(1));
  // A thousand million elements on four: nothing may be allocated for what the archive lacks.
  EXPECT_THAT(refusal(weights(tensor(storage("FloatStorage", "0", 1'000'000'000), 0,
                                     integer(1'000'000'000), integer(1)))),
              HasSubstr("needs 4000000000 bytes, the archive holds 8"));
  EXPECT_THAT(refusal(pickle("}(" + text(std::string(1025, 'k')) + one + "u")),
              HasSubstr("a key of 1025 bytes (limit 1024)"));
  EXPECT_EQ(refusal(pickle("}(" + text(std::string(1024, 'k')) + one + "u")), "not refused");
  const auto times = [](int n, const std::string& item) {
    std::string out;
    for (int i = 0; i < n; ++i) out += item;
    return out;
  };
  // The same tensor again and again: eight times its storage is read.
  EXPECT_EQ(refusal(weights(one + "q\x01" + text("more") + "](" + times(7, "h\x01") + "e")),
            "not refused");
  EXPECT_THAT(refusal(weights(one + "q\x01" + text("more") + "](" + times(8, "h\x01") + "e")),
              HasSubstr("more than 8 times its 2 elements"));
  // A long text, and a long path, each kept for every value below.
  const std::string mark = "q\x01", again = "h\x01";
  EXPECT_THAT(
      refusal(pickle("](" + text(std::string(1 << 20, 't')) + mark + times(16, again) + "e")),
      HasSubstr("bytes of paths and texts"));
  EXPECT_THAT(
      refusal(pickle("}" + text(std::string(1000, 'k')) + "](" + times(20'000, "N") + "es")),
      HasSubstr("bytes of paths and texts"));
  EXPECT_THAT(refusal(pickle("](" + times(100'000, "N") + "e")),
              HasSubstr("more than 100000 values"));
  EXPECT_THAT(refusal(pickle(times(1'000'001, "N"))), HasSubstr("more than 1000000 values"));
  EXPECT_THAT(refusal(pickle(times(1'000'001, "("))), HasSubstr("values on its stack"));
  EXPECT_THAT(refusal(pickle("N" + times(1'000'000, "2"))), HasSubstr("values on its stack"));
  EXPECT_THAT(refusal(weights(tensor(storage("FloatStorage", "0", 2), 0, times(65, integer(1)),
                                     times(65, integer(1))))),
              HasSubstr("a tensor of 65 dimensions (limit 64)"));
  EXPECT_THAT(refusal(weights(tensor(storage("FloatStorage", std::string(257, '0'), 2), 0,
                                     integer(1), integer(1)))),
              HasSubstr("a storage key of 257 bytes"));
  EXPECT_THAT(refusal(pickle(tuple(times(17, "N")) + "Q")),
              HasSubstr("a storage tuple of 17 (limit 16)"));
}

TEST(Checkpoint, EmptyTensorsOfAnyShapeAreEmpty) {
  const auto empty = [](const std::string& shape, const std::string& strides) {
    return weights(tensor(storage("FloatStorage", "0", 2), 0, shape, strides));
  };
  const std::string huge = "\x8a\x08" + raw(std::int64_t{1} << 40);
  EXPECT_EQ(load(empty(integer(0) + integer(5), integer(5) + integer(1)), floats({1, 2}))
                .find("w")
                ->size(),
            0);
  EXPECT_THAT(refusal(empty(huge + huge + integer(0), integer(1) + integer(1) + integer(1))),
              HasSubstr("overflows"));
}

TEST(Checkpoint, ArchivesMadeToFillTheMemoryAreRefused) {
  EXPECT_THAT(refusal(weights(tensor(storage("FloatStorage", "0", 2), 0, integer(2), integer(1))),
                      std::string(std::size_t{80} << 20, '\0')),
              HasSubstr("whose members unpack to more than"));
}

TEST(Checkpoint, FilesThatAreNoCheckpointAreCalledWhatTheyAre) {
  const auto what = [](const std::string& bytes) -> std::string {
    try {
      parse_checkpoint(bytes, "x");
    } catch (const InputError& e) {
      return std::string(e.what()) + " / " + e.note();
    }
    return "read";
  };
  EXPECT_THAT(what("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"),
              HasSubstr("a git LFS pointer"));
  EXPECT_THAT(what("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(what("\n<!DOCTYPE html>\n<html>"), HasSubstr("a web page"));
  EXPECT_THAT(what("<HTML><body>"), HasSubstr("a web page"));
  EXPECT_THAT(what("{\"message\": \"Not Found\"}"), HasSubstr("JSON text"));
  EXPECT_THAT(what("404: Not Found"), HasSubstr("plain text"));
  EXPECT_THAT(what(""), HasSubstr("an empty file"));
  EXPECT_THAT(what("BZh91AY&SY"), HasSubstr("a bzip2 file"));
  EXPECT_THAT(what(std::string("\x89HDF\r\n\x1a\n\0", 9)), HasSubstr("an HDF5 file"));
  EXPECT_THAT(what(std::string("\1\2\3\0\1", 5)), HasSubstr("data of an unknown kind"));
  EXPECT_THAT(what(zip({{"weights/model.pt", "x"}})), HasSubstr("it holds 'weights/model.pt'"));
}

TEST(Checkpoint, FilesThatAreNoCheckpointAreNamed) {
  EXPECT_THROW(parse_checkpoint("hello", "x"), InputError);
  EXPECT_THROW(parse_checkpoint(zip({{"a/b", "c"}}), "x"), InputError);
  EXPECT_THROW(parse_checkpoint(zip({{"a/data.pkl", pickle("}")}, {"a/constants.pkl", ""}}), "x"),
               InputError);
  EXPECT_THROW(parse_checkpoint(zip({{"a/data.pkl", pickle("}")}, {"a/byteorder", "big"}}), "x"),
               InputError);
}

TEST(Checkpoint, MutatedPicklesAreReadOrRefusedButNeverBreakTheProgram) {
  const std::string whole = weights(
      tensor(storage("FloatStorage", "0", 6), 1, integer(2) + integer(2), integer(2) + integer(1)));
  std::uint64_t state = 3;
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string t = whole;
    for (int edits = 0; edits < 2; ++edits) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      t[(state >> 33) % t.size()] = static_cast<char>(state >> 25);
    }
    try {
      const Pickle p = read_pickle(t, "fuzz");
      EXPECT_LT(p.root, p.pool.size());
    } catch (const InputError&) {
      ++refused;
    }
    if (round % 20 == 0) refusal(t, floats({1, 2, 3, 4, 5, 6}));
  }
  EXPECT_GT(refused, 1000);
}

TEST(Checkpoint, ReadsTheTrainedWeightsOfTheWorkload) {
  const std::string path = SOURCE_DIR "/../shared/mpnn/trained_v0.pt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
  const Checkpoint c = read_checkpoint(path);
  std::int64_t parameters = 0;
  for (const auto& [name, t] : c.tensors) parameters += t.size();
  EXPECT_EQ(parameters, 1'660'485);
  EXPECT_THAT(c.find("features.edge_embedding.weight")->shape, ElementsAre(128, 416));
}

TEST(Checkpoint, LongIntegersAreTwosComplementOfTheirBytes) {
  const auto number = [](const std::string& bytes) {
    const Pickle p = read_pickle(
        pickle(std::string("\x8a") + static_cast<char>(bytes.size()) + bytes), "a.pkl", 0);
    return std::get<std::int64_t>(p.pool[p.root]);
  };
  using namespace std::string_literals;
  EXPECT_EQ(number(""), 0);
  EXPECT_EQ(number("\x7f"), 127);
  EXPECT_EQ(number("\x80"), -128);
  EXPECT_EQ(number("\x81"), -127);
  EXPECT_EQ(number("\xff"), -1);
  EXPECT_EQ(number("\x80\0"s), 128);
  EXPECT_EQ(number("\xff\x7f"), 32767);
  EXPECT_EQ(number("\0\x80"s), -32768);
  EXPECT_EQ(number(raw(INT64_MAX)), INT64_MAX);
  EXPECT_EQ(number(raw(INT64_MIN)), INT64_MIN);
  // Longer ones are kept as text, without their leading zeros.
  const Pickle p = read_pickle(pickle("\x8a\x0a\x01" + std::string(8, '\0') + '\0'), "a.pkl", 0);
  EXPECT_EQ(std::get<std::string>(p.pool[p.root]), "long:01");
}

TEST(Checkpoint, TheLastThatALimitAllowsIsRead) {
  const auto times = [](int n, const std::string& item) {
    std::string out;
    for (int i = 0; i < n; ++i) out += item;
    return out;
  };
  EXPECT_EQ(refusal(weights(tensor(storage("FloatStorage", "0", 2), 0, times(64, integer(1)),
                                   times(64, integer(1))))),
            "not refused");
  for (const char* version : {"\x02", "\x05"})
    EXPECT_EQ(refusal(std::string("\x80") + version + "}(" + text("n") + integer(1) + "u."),
              "not refused")
        << int{version[0]};
  for (const char version : {'\x01', '\x06'})
    EXPECT_THAT(refusal(std::string("\x80") + version + "}."), HasSubstr("cannot be read"));
  // 2^40 elements are told from more by what the archive lacks.
  const auto claimed = [](std::int64_t elements) {
    return refusal(weights(tensor(tuple(text("storage") + global("torch", "FloatStorage") +
                                        text("0") + text("cpu") + "\x8a\x08" + raw(elements)) +
                                      "Q",
                                  0, integer(2), integer(1))));
  };
  EXPECT_THAT(claimed(std::int64_t{1} << 40), HasSubstr("the archive holds"));
  EXPECT_THAT(claimed((std::int64_t{1} << 40) + 1),
              HasSubstr("a storage of 1099511627777 elements"));
}

}  // namespace
}  // namespace ane::workloads
