// anesim run MODEL.onnx, anesim compare MODEL.onnx: what a model's file costs, and its values.
#include "sim/cli/workloads/onnx.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "sim/cli/ask.h"
#include "sim/cli/workloads.h"
#include "sim/run/model/model_run.h"
#include "workloads/files/npy.h"
#include "workloads/request/file/model.h"

namespace ane::sim {

namespace po = boost::program_options;
namespace md = workloads::model;

namespace {

struct Pair {
  std::string name, value;
};
std::vector<Pair> pairs(const po::variables_map& given, const char* option, const char* form) {
  std::vector<Pair> all;
  if (given.count(option) == 0) return all;
  for (const std::string& word : given[option].as<std::vector<std::string>>()) {
    const std::size_t at = word.rfind('=');
    if (at == std::string::npos || at == 0 || at + 1 == word.size())
      throw InputError(fmt::format("--{}", option), fmt::format("'{}' names no value", word), form);
    all.push_back({word.substr(0, at), word.substr(at + 1)});
  }
  return all;
}

struct NpyType {
  std::string_view npy, descr;
  md::Dtype type;
};
constexpr NpyType npy_types[] = {{"f2", "<f2", md::Dtype::f16}, {"f4", "<f4", md::Dtype::f32},
                                 {"f8", "<f8", md::Dtype::f64}, {"i1", "|i1", md::Dtype::i8},
                                 {"u1", "|u1", md::Dtype::u8},  {"i2", "<i2", md::Dtype::i16},
                                 {"u2", "<u2", md::Dtype::u16}, {"i4", "<i4", md::Dtype::i32},
                                 {"u4", "<u4", md::Dtype::u32}, {"i8", "<i8", md::Dtype::i64},
                                 {"u8", "<u8", md::Dtype::u64}, {"b1", "|b1", md::Dtype::boolean}};

// The file's numbers as the input's type, real for real and whole for whole.
md::Data read_input(const std::string& path, const md::Declared& input) {
  const workloads::NpyArray npy = workloads::read_npy(path);
  const auto type = std::ranges::find(npy_types, std::string_view(npy.type), &NpyType::npy);
  if (type == std::end(npy_types))
    throw InputError(path, fmt::format("elements of type {}", npy.type));
  auto array = std::make_shared<md::Array>(md::unpack({{type->type, npy.shape}, npy.bytes}));
  if (array->type.dtype == input.dtype) return array;
  const bool whole = !md::is_real(input.dtype);
  if (array->real() && whole)
    throw InputError(path, fmt::format("holds {}; input '{}' is {}", md::info(type->type).name,
                                       input.name, md::info(input.dtype).name));
  auto as = std::make_shared<md::Array>(input.dtype, array->type.shape);
  for (std::int64_t k = 0; k < as->size(); ++k) as->set(k, array->number(k));
  md::settle(*as);
  return as;
}

std::optional<double> number(const std::string& text) {
  double v = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

bool is_onnx(std::string_view start) {
  // Field 1, the version of the format, then another field of a ModelProto.
  return start.size() > 3 && start[0] == '\x08' && start[1] >= 1 && start[1] <= 32 &&
         std::string_view("\x12\x1a\x22\x28\x32\x3a\x42").find(start[2]) != std::string_view::npos;
}

std::string joined(const std::string& list, const std::string& one) {
  return list.empty() ? one : list + "," + one;
}

constexpr const char* name_form = "as NAME=VALUE";

std::string file_name(const std::string& output) {
  std::string name;
  for (const char c : output)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 128
                ? c
                : '_';
  return name + ".npy";
}

void write_outputs(const std::string& folder, const ModelAnswer& answer) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  if (fault) throw InputError(folder, fmt::format("cannot be made: {}", fault.message()));
  std::vector<std::string> names;
  for (const auto& [name, data] : answer.outputs) {
    const std::string file = file_name(name);
    if (std::ranges::find(names, file) != names.end())
      throw InputError("--out", fmt::format("two outputs would be '{}'", file));
    names.push_back(file);
  }
  for (std::size_t k = 0; k < names.size(); ++k) {
    md::Array a = *answer.outputs[k].second;
    if (a.type.dtype == md::Dtype::bf16) a.type.dtype = md::Dtype::f32;  // NumPy has none
    const auto* type = std::ranges::find(npy_types, a.type.dtype, &NpyType::type);
    write_file((std::filesystem::path(folder) / names[k]).string(),
               workloads::npy_bytes(type->descr, a.type.shape, md::pack(a)));
  }
}

}  // namespace

bool is_onnx_file(std::string_view start) {
  return is_onnx(start);
}

std::string onnx_request(const std::string& path) {
  return fmt::format("kind=model file={}", workloads::encoded_path(path));
}

workloads::Request with_numbers(const std::string& text, const std::string& option,
                                const std::string& precision, std::int64_t batch) {
  std::string all = text;
  if (!precision.empty()) {
    const workloads::Formats f = workloads::formats_named(precision, option);
    all += fmt::format(" weights={} activations={}", f.weights, f.activations);
  }
  if (batch != 1) all += fmt::format(" batch={}", batch);
  return workloads::parse_request(all);
}

void add_binding_options(po::options_description& options) {
  options.add_options()  //
      ("shape", po::value<std::vector<std::string>>()->value_name("NAME=1x3x224x224")->composing(),
       "shape of an input; once for each")  //
      ("dim", po::value<std::vector<std::string>>()->value_name("NAME=N")->composing(),
       "an extent that the file leaves open, by its name")  //
      ("bucket", po::value<std::vector<std::string>>()->value_name("NAME=64,128,256")->composing(),
       "extents that programs are made for: --dim NAME=N runs in the next one that holds it")  //
      ("input", po::value<std::vector<std::string>>()->value_name("NAME=FILE.npy|N")->composing(),
       "values of an input, or its one number");
}

OnnxQuestion onnx_question(const std::string& file, const po::variables_map& given) {
  OnnxQuestion q;
  std::string shapes, dims, known;
  std::map<std::string, bool> shaped;
  for (const Pair& p : pairs(given, "shape", "as --shape x=1x3x224x224")) {
    workloads::extents(p.value);
    shapes = joined(shapes, fmt::format("{}:{}", workloads::encoded_path(p.name), p.value));
    shaped[p.name] = true;
  }
  for (const Pair& p : pairs(given, "dim", "as --dim batch=8"))
    dims = joined(dims, fmt::format("{}:{}", workloads::encoded_path(p.name), p.value));
  std::string buckets;
  for (const Pair& p : pairs(given, "bucket", "as --bucket seq=64,128,256")) {
    std::string extents = p.value;
    std::ranges::replace(extents, ',', '/');
    buckets = joined(buckets, fmt::format("{}:{}", workloads::encoded_path(p.name), extents));
  }
  q.text = onnx_request(file);
  const std::vector<Pair> inputs = pairs(given, "input", "as --input x=FILE.npy");
  if (!inputs.empty()) {
    workloads::ModelFile model;
    model.file = workloads::encoded_path(file);
    const auto source = model.source();
    const auto& declared = source->graph->inputs;
    for (const Pair& p : inputs) {
      const auto at = std::ranges::find(declared, p.name, &md::Declared::name);
      if (at == declared.end()) {
        std::vector<std::string> names;
        for (const md::Declared& d : declared) names.push_back(d.name);
        throw InputError("--input", fmt::format("'{}' is no input of the model", p.name),
                         choice_note(p.name, names));
      }
      if (q.inputs.count(p.name) != 0)
        throw InputError("--input", fmt::format("'{}' is given twice", p.name));
      if (const auto v = number(p.value)) {
        known = joined(known, fmt::format("{}:{}", workloads::encoded_path(p.name), p.value));
        q.inputs[p.name] = workloads::one_number(*at, *v);
        continue;
      }
      q.inputs[p.name] = read_input(p.value, *at);
      const md::Shape& s = q.inputs[p.name]->type.shape;
      bool open = !at->shaped;
      for (const md::Dimension& d : at->dims) open = open || d.extent < 0;
      if (open && !shaped[p.name] && !s.empty())
        shapes = joined(shapes,
                        fmt::format("{}:{}", workloads::encoded_path(p.name), fmt::join(s, "x")));
    }
  }
  if (!shapes.empty()) q.text += " shape=" + shapes;
  if (!dims.empty()) q.text += " dim=" + dims;
  if (!buckets.empty()) q.text += " buckets=" + buckets;
  if (!known.empty()) q.text += " given=" + known;
  return q;
}

namespace {
// What run and compare of a model share: its own options and those of all commands, the file, and
// what is asked of it.
struct Front {
  po::variables_map given;
  std::string file;
  OnnxQuestion question;
  workloads::Placing placement = workloads::Placing::capable;
};
std::optional<Front> front_of(CommandLine line, const Arguments& arguments, const char* command) {
  line.options.add_options()(
      "placement", po::value<std::string>()->default_value("capable")->value_name("NAME"),
      "of the ANE: capable (it gets all that it takes), coreml (as Core ML's planner does) or best "
      "(what is quickest here)");
  add_binding_options(line.options);
  add_target_options(line.options);
  add_output_options(line.options);
  auto given = parse(std::move(line), arguments);
  if (!given) return std::nullopt;
  check_output(*given, false);
  Front front{.given = std::move(*given), .file = {}, .question = {}};
  front.file = only_word(front.given, "what", command, "which model?");
  front.question = onnx_question(front.file, front.given);
  front.placement = workloads::parse_term<workloads::Placing>(
      "placement", front.given["placement"].as<std::string>(), "--placement");
  return front;
}
}  // namespace

int run_onnx(const Arguments& arguments) {
  CommandLine line{
      .name = "run onnx",
      .usage =
          "MODEL.onnx [options]\n\nTime and energy of one call of a model; with --input or --out "
          "its values too, on the unit\nand in the numbers that are asked for: --unit cpu "
          "--precision fp32 is the reference.\nInputs that are not given are seeded.",
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim run model.onnx --chip M4 --view layers",
                   "anesim run model.onnx --unit cpu --precision fp32 --out values"}};
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("NAME"),
       "see `anesim chips`")  //
      ("unit", po::value<std::string>()->default_value("ane")->value_name("NAME"),
       "ane, gpu or cpu")  //
      ("precision", po::value<std::string>()->default_value("")->value_name("NAME"),
       "fp16 (default), fp32, bf16, int8w (weights alone), w8a8, lut4, ...")  //
      ("batch", po::value<std::int64_t>()->default_value(1)->value_name("N"),
       "items a call: the open first extent of inputs")  //
      ("out", po::value<std::string>()->value_name("FOLDER"),
       "write each output as FOLDER/NAME.npy")  //
      ("seed", po::value<std::int64_t>()->default_value(1), "of inputs that are not given");
  add_threads_option(line.options);
  add_layer_option(line.options);
  const auto front = front_of(std::move(line), arguments, "run");
  if (!front) return 0;
  const po::variables_map* given = &front->given;
  const std::string& file = front->file;
  const OnnxQuestion& question = front->question;
  workloads::Request request =
      with_numbers(question.text, "--precision", (*given)["precision"].as<std::string>(),
                   (*given)["batch"].as<std::int64_t>());
  request.formats.fp16_layers = fp16_layers_of(*given);
  if (const auto form = form_option(*given)) request.conditions.form = form;
  const Target target = make_target((*given)["chip"].as<std::string>(), unit_option(*given),
                                    (*given)["runtime"].as<std::string>(), overrides_of(*given));
  request.conditions.unit = target.unit;
  request.conditions.placement = front->placement;
  const bool files = std::ranges::any_of(pairs(*given, "input", name_form),
                                         [](const Pair& p) { return !number(p.value); });
  if (!files && given->count("out") == 0) {
    refuse_options_of_values(*given, {"seed", "threads"}, "add --out or --input");
    Bands bands;
    return finish(
        *given, {priced_record({.request = request, .model = file}, target, bands, Detail::tasks)},
        "summary");
  }
  if (front->placement != workloads::Placing::capable)
    throw InputError("--placement", "of a run with values is what the accelerator takes",
                     "without --out and --input");
  choose_simd(*given);
  ModelAnswer answer = run_model({.request = request,
                                  .inputs = question.inputs,
                                  .seed = seed_of(*given),
                                  .threads = machine_threads(*given, target.unit)},
                                 target, profile_of(*given, target));
  for (const std::string& name : answer.seeded)
    print_status("input '{}' is not given: seeded values\n", name);
  if (given->count("out") != 0) write_outputs((*given)["out"].as<std::string>(), answer);
  for (const auto& [name, data] : answer.outputs)
    print_status("output '{}': {}\n", name, md::to_string(data->type));
  answer.record.stored.model = file;
  Bands bands;
  bands.add(answer.record, request, target);
  return finish(*given, {answer.record}, "summary");
}

int compare_onnx(const Arguments& arguments) {
  CommandLine line{.name = "compare onnx",
                   .usage =
                       "MODEL.onnx [options]\n\nA model's file on chips, units, batches and "
                       "precisions, a line each.",
                   .options = po::options_description("options"),
                   .positional = "what",
                   .examples = {"anesim compare model.onnx --chips M1,M4",
                                "anesim compare model.onnx --chips M4 --precisions fp16,int8w"}};
  add_grid_options(line.options, "M1,M2,M3,M4", "ane,gpu,cpu");
  line.options.add_options()  //
      ("batches", po::value<std::string>()->default_value("1")->value_name("N,N"),
       "items a call, at commas")  //
      ("precisions", po::value<std::string>()->default_value("fp16")->value_name("A,B"),
       "fp32, fp16, int8w (weights alone), lut4, ...");
  const auto front = front_of(std::move(line), arguments, "compare");
  if (!front) return 0;
  const po::variables_map* given = &front->given;
  const std::string& file = front->file;
  const OnnxQuestion& question = front->question;
  std::vector<Asked> lines;
  for (const std::string& precision :
       split_set("--precisions", (*given)["precisions"].as<std::string>()))
    for (const std::int64_t batch :
         split_numbers("--batches", (*given)["batches"].as<std::string>())) {
      Asked asked{.request = with_numbers(question.text, "--precisions", precision, batch),
                  .model = file};
      if (const auto form = form_option(*given)) asked.request.conditions.form = form;
      lines.push_back(std::move(asked));
    }
  const Grid grid = grid_of(*given);
  return finish_compare(*given,
                        compare_records(*given, grid,
                                        [&](const Target& target) {
                                          for (Asked& asked : lines)
                                            asked.request.conditions.placement =
                                                target.unit == Unit::ane
                                                    ? front->placement
                                                    : workloads::Placing::capable;
                                          return lines;
                                        }),
                        grid);
}

}  // namespace ane::sim
