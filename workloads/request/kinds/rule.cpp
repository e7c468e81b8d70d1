// kind=rule: a plain read-QC rule on one core of a CPU, the honest baseline of the models.
#include "isa/error.h"
#include "workloads/readqc/encoding.h"
#include "workloads/readqc/rules.h"
#include "workloads/request/kind.h"

namespace ane::workloads {
namespace {

struct RuleWork : Work {
  std::string name_;
  std::int64_t bases = readqc::window;

  static constexpr Key keys[] = {
      needed<&RuleWork::name_>("name", "meanq20, fastp, maxee1, or gc: GC content by counting"),
      key<&RuleWork::bases>("bases", "of a read", 1, 1e6),
  };

  void check(const Request&, const std::string&) const override {
    readqc::plain_work(name_, bases);
  }
  std::string label() const override { return name_; }

  Job job(const Request& r, const JobFor& target) const override {
    if (target.programs)
      throw InputError("request", "a rule is no work of the accelerator", "unit=cpu");
    const readqc::RuleWork w = readqc::plain_work(name_, bases);
    kernels::Work loop{.kind = kernels::WorkKind::loop,
                       .read = w.bytes * r.batch,
                       .loop = {.vector = w.vector * r.batch,
                                .loads = w.loads * r.batch,
                                .scalar = w.scalar * r.batch,
                                .branches = w.branches * r.batch,
                                .chained = w.chained * r.batch},
                       .name = "rule"};
    return {.stages = {{.work = WorkList{loop}, .single_thread = true}}};
  }
};

}  // namespace

namespace kind {
extern const Kind rule;
constinit const Kind rule =
    kind_of<RuleWork>("rule", "a read-QC rule on one CPU core", "read", takes_batch);
}  // namespace kind

}  // namespace ane::workloads
