#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/devices/estimate.h"
#include "tests/priced.h"
#include "workloads/request/job.h"

namespace ane::sim {
namespace {

using results::Cause;
using workloads::product;
using Works = std::vector<kernels::Work>;

// An estimate with its causes by name.
struct Estimate : DeviceEstimate {
  explicit Estimate(DeviceEstimate e)
      : DeviceEstimate(std::move(e)),
        compute(of(causes, Cause::compute)),
        memory(of(causes, Cause::memory)),
        dispatch(of(causes, Cause::dispatch)),
        wait(of(causes, Cause::wait)) {}
  double compute, memory, dispatch, wait;
};
Estimate on_gpu(const Works& w, const Chip& chip, const Runtime& runtime, PriceOptions o = {}) {
  o.by_operator = true;
  return Estimate(price_gpu(w, chip, runtime, o));
}
Estimate on_cpu(const Works& w, const Chip& chip, const Runtime& runtime,
                const PriceOptions& o = {}) {
  return Estimate(price_cpu(w, chip, runtime, o));
}

Estimate gpu(const Works& w, const std::string& chip = "M1Max", const std::string& runtime = "mps",
             PriceOptions o = {}) {
  o.overlap = true;
  return on_gpu(w, load_chip(chip), load_runtime(runtime), o);
}

TEST(Gpu, ALargeProductTakesItsFlopOverThePeakAndTheUtilisation) {
  const Chip chip = load_chip("M1Max");
  const Runtime runtime = load_runtime("mps");
  const Estimate e = gpu({product(8192, 8192, 8192, 2, 2)});
  const double ideal =
      2.0 * 8192 * 8192 * 8192 /
      (chip.gpu().peak_fp16() * chip.gpu().utilisation * runtime.costs().gemm_utilisation);
  EXPECT_GT(e.seconds(), ideal);
  EXPECT_LT(e.seconds(), 1.05 * ideal);
  EXPECT_EQ(e.bound(), Cause::compute);
}

TEST(Gpu, RowsUpToATileCostTheSameFromTwoOn) {
  // MLX issue 3661: M = 2 .. 32 of a product cost the same, since a tile is padded.
  const double two = gpu({product(2, 4096, 4096, 2, 2)}).compute;
  const double tile = gpu({product(32, 4096, 4096, 2, 2)}).compute;
  EXPECT_NEAR(two, tile, 0.02 * tile);
  EXPECT_GT(gpu({product(65, 4096, 4096, 2, 2)}).compute,
            1.5 * gpu({product(64, 4096, 4096, 2, 2)}).compute);
}

TEST(Gpu, OneTileMoreThanTheCoresHoldCostsAFurtherRound) {
  // 32 cores: 4 x 8 tiles of 64 fill them, 33 tiles need two rounds.
  const double full = gpu({product(64, 64 * 32, 4096, 2, 2)}).compute;
  const double over = gpu({product(64, 64 * 33, 4096, 2, 2)}).compute;
  const double r0 = load_chip("M1Max").gpu().tile_latency;
  EXPECT_NEAR(over / full, (2 + r0) / (1 + r0), 0.1);
}

TEST(Gpu, SmallOperatorsAreLimitedByTheSlowerOfHostAndDevice) {
  const Works many = [] {
    kernels::Work w = workloads::pointwise(16, 4);
    w.kind = kernels::WorkKind::reduction;
    w.count = 1000;
    return Works{w};
  }();
  // MPSGraph operators take 20 us to encode: the device starves (PyTorch issue 148219).
  const Estimate torch = gpu(many, "M1Pro", "torch_mps");
  EXPECT_NEAR(torch.seconds() / 1000, load_runtime("torch_mps").costs().op_dispatch, 1e-9);
  EXPECT_EQ(torch.bound(), Cause::dispatch);
  const Estimate llama = gpu(many, "M1Pro", "llamacpp");
  EXPECT_EQ(llama.bound(), Cause::overhead);
  EXPECT_EQ(llama.dispatch, 0);
}

TEST(Gpu, AWaitIsPaidOnceUnlessCallsOverlap) {
  const Chip chip = load_chip("M1Pro");
  const Runtime mlx = load_runtime("mlx");
  const Works w = {product(64, 64, 64, 4, 4)};
  const Estimate waiting = on_gpu(w, chip, mlx, {});
  PriceOptions stream;
  stream.overlap = true;
  EXPECT_NEAR(waiting.seconds() - on_gpu(w, chip, mlx, stream).seconds(), chip.gpu().sync_time,
              1e-12);
}

TEST(Gpu, AnOutputAbove2GiBIsPassedOverAgainByTorch) {
  const auto bytes_per_output = [](std::int64_t m) {
    const Works w = {product(m, 1024, 64, 4, 4)};
    PriceOptions o;
    o.precision = Precision::fp32;
    return gpu(w, "M3", "torch_mps", o).dram_bytes / static_cast<double>(w[0].written.count);
  };
  const double extra = *load_runtime("torch_mps").costs().large_output_passes;
  EXPECT_NEAR(bytes_per_output(524289) - bytes_per_output(524288), extra, 0.01);
}

TEST(Cpu, AProductBelowTheThresholdStaysOnOneMatrixUnit) {
  const Chip chip = load_chip("M1Max");
  const Runtime accelerate = load_runtime("accelerate");
  PriceOptions o;
  o.precision = Precision::fp32;
  const auto rate = [&](std::int64_t n) {
    const double nn = static_cast<double>(n);
    return 2 * nn * nn * nn / on_cpu(Works{product(n, n, n, 4, 4)}, chip, accelerate, o).compute;
  };
  EXPECT_LT(rate(384), chip.cpu().matrix_fp32);
  EXPECT_GT(rate(448), 1.5 * rate(384));
}

TEST(Cpu, PasslessBuffersCostLessThanFreshOnes) {
  // torch returns large outputs to the system: fresh pages at each call.
  PriceOptions o;
  o.precision = Precision::fp32;
  const Works w = {product(1'000'000, 1024, 64, 4, 4)};
  const Chip chip = load_chip("M4Pro");
  const Estimate torch = on_cpu(w, chip, load_runtime("torch_cpu"), o);
  EXPECT_GT(torch.memory, 4.096e9 / *load_runtime("torch_cpu").costs().cpu_first_touch);
  EXPECT_LT(on_cpu(w, chip, load_runtime("accelerate"), o).memory, torch.memory / 3);
}

TEST(Cpu, WithoutAMatrixUnitAProductIsSharedByThePerformanceCores) {
  const Chip chip = load_chip("M1");
  const Runtime blas = load_runtime("torch_cpu_openblas");
  const CpuParameters& cpu = chip.cpu();
  PriceOptions o;
  o.precision = Precision::fp32;
  const double each = 2.0 * 512 * 512 * 512;
  const double handoff = 4 * *blas.costs().cpu_handoff;  // 4 P cores
  const double rate = cpu.product_vector * 4 * cpu.neon_fp32_p * cpu.p_clock_all_hz;
  EXPECT_NEAR(on_cpu(Works{product(512, 512, 512, 4, 4)}, chip, blas, o).compute,
              each / rate + handoff, 1e-12);
  // One after the other: a batch pays both each time.
  EXPECT_NEAR(on_cpu(Works{product(512, 512, 512, 4, 4, 100, true)}, chip, blas, o).compute,
              100 * (each / rate + handoff), 1e-10);
}

TEST(Cpu, OfEvenSharesTheSlowestCoreDecides) {
  const Runtime all = load_runtime("torch_cpu_openblas_2023");
  PriceOptions o;
  o.precision = Precision::fp32;
  const auto compute = [&](const Chip& chip, double threads) {
    return on_cpu(Works{product(512, 512, 512, 4, 4)}, chip, all, o).compute -
           threads * *all.costs().cpu_handoff;
  };
  const Chip chip = load_chip("M1");
  const CpuParameters& cpu = chip.cpu();
  const double each = 2.0 * 512 * 512 * 512 / cpu.product_vector;
  const double e_core = cpu.neon_fp32_e * cpu.e_clock_hz;
  EXPECT_NEAR(compute(chip, 8), each / (8 * e_core), 1e-12);
  // Four threads on the P cores alone end sooner than eight with E cores among them.
  EXPECT_NEAR(compute(load_chip("M1", {"cpu.e_cores=0"}), 4),
              each / (4 * cpu.neon_fp32_p * cpu.p_clock_all_hz), 1e-12);
  EXPECT_GT(compute(chip, 8), compute(load_chip("M1", {"cpu.e_cores=0"}), 4));
}

TEST(Cpu, OneThreadReadsTheOperandsOfABatchAndAllCoresThoseOfOneProduct) {
  const Chip chip = load_chip("M4Pro");
  const Runtime mlx = load_runtime("mlx");
  const RuntimeParameters& r = mlx.costs();
  PriceOptions o;
  o.precision = Precision::fp32;
  const double in = (64.0 + 32) * 1024 * 4, out = 64.0 * 32 * 4 * *r.cpu_output_passes;
  EXPECT_NEAR(on_cpu(Works{product(64, 32, 1024, 4, 4, 1000, true)}, chip, mlx, o).memory,
              1000 * (in / *r.cpu_reduce_bandwidth + out / chip.cpu().bandwidth), 1e-9);
  const double tall = (64000.0 + 32) * 1024 * 4;
  EXPECT_NEAR(on_cpu(Works{product(64000, 32, 1024, 4, 4)}, chip, mlx, o).memory,
              (tall + 1000 * out) / chip.cpu().bandwidth, 1e-9);
}

TEST(Cpu, EachThreadOfAProductTakesASplitAtLeast) {
  const Chip chip = load_chip("M1");
  const Runtime blas = load_runtime("torch_cpu_openblas");
  const CpuParameters& cpu = chip.cpu();
  PriceOptions o;
  o.precision = Precision::fp32;
  const auto compute = [&](std::int64_t k) {
    return on_cpu(Works{product(64, 64, k, 4, 4)}, chip, blas, o).compute;
  };
  // OpenBLAS: a thread for each 4 x 65536 multiply-adds, four on M1.
  const double alone = cpu.product_vector * cpu.neon_fp32_p * cpu.p_clock_hz;
  const double among = cpu.product_vector * cpu.neon_fp32_p * cpu.p_clock_all_hz;
  const double h = *blas.costs().cpu_handoff;
  EXPECT_NEAR(compute(64), 2.0 * 64 * 64 * 64 / alone, 1e-12);
  EXPECT_NEAR(compute(127), 2.0 * 64 * 64 * 127 / alone, 1e-12);
  EXPECT_NEAR(compute(128), 2.0 * 64 * 64 * 128 / (2 * among) + 2 * h, 1e-12);
  EXPECT_NEAR(compute(4096), 2.0 * 64 * 64 * 4096 / (4 * among) + 4 * h, 1e-12);
  o.threads = 1;
  EXPECT_NEAR(compute(4096), 2.0 * 64 * 64 * 4096 / alone, 1e-12);
}

TEST(Cpu, GgmlMakesProductsOfActivationsDotByDotOnItsThreads) {
  const Chip chip = load_chip("M1Pro");
  const Runtime ggml = load_runtime("llamacpp");
  const CpuParameters& cpu = chip.cpu();
  const RuntimeParameters& r = ggml.costs();
  PriceOptions o;
  const auto compute = [&](std::int64_t batch, int threads) {
    o.threads = threads;
    return on_cpu(Works{product(100, 100, 64, 2, 2, batch, true)}, chip, ggml, o).compute;
  };
  const auto one = [&](int threads) {
    const double clock = threads == 1 ? cpu.p_clock_hz : cpu.p_clock_all_hz;
    const double shared = *r.cpu_serial + (1 - *r.cpu_serial) / threads;
    return 100 * 100 * (2 * 64 / (*r.cpu_vector * cpu.neon_fp16_p) + *r.cpu_dot) * shared / clock;
  };
  EXPECT_NEAR(compute(10, 8), 10 * one(8), 1e-12);
  EXPECT_NEAR(compute(10, 0), 10 * one(8), 1e-12);  // as many as P cores unless asked
  EXPECT_NEAR(compute(10, 4), 10 * one(4), 1e-12);
  EXPECT_NEAR(compute(10, 1), 10 * one(1), 1e-12);
}

TEST(Cpu, GgmlHandsProductsOfManyRowsToAccelerateInFloat32) {
  const Chip chip = load_chip("M1Pro");
  const CpuParameters& cpu = chip.cpu();
  const auto of = [&](std::int64_t rows, double weight) {
    return on_cpu(Works{product(rows, 4096, 4096, 2, weight)}, chip, load_runtime("llamacpp"));
  };
  const double flop = 2.0 * 32 * 4096 * 4096;
  EXPECT_NEAR(of(32, 2).compute, flop / (cpu.matrix_units * cpu.matrix_fp32 * cpu.product_all),
              1e-9);
  EXPECT_GT(of(31, 2).compute, 2 * of(32, 2).compute);
  // Weights of any format are written as float32 and read again.
  EXPECT_NEAR(of(32, 2).memory - of(31, 2).memory, 2 * 4.0 * 4096 * 4096 / cpu.bandwidth, 1e-5);
}

TEST(Cpu, ProductsOfCoreMlStayOnOneMatrixUnit) {
  const Chip chip = load_chip("M1Max");
  const CpuParameters& cpu = chip.cpu();
  const Runtime coreml = load_runtime("coreml");
  PriceOptions o;
  o.precision = Precision::fp32;
  const auto compute = [&](std::int64_t n) {
    return on_cpu(Works{product(n, n, n, 4, 4)}, chip, coreml, o).compute;
  };
  // Below what other software shares, and above.
  for (const std::int64_t n : {128, 4096}) {
    const double rate = cpu.matrix_fp32 * cpu.product_one * *coreml.costs().cpu_utilisation;
    EXPECT_NEAR(compute(n), 2 * std::pow(static_cast<double>(n), 3) / rate, 1e-9) << n;
  }
  Works conv{product(128, 128, 128, 4, 4)};
  conv[0].kind = kernels::WorkKind::conv;
  EXPECT_NEAR(compute(128) / on_cpu(conv, chip, coreml, o).compute,
              *coreml.costs().cpu_convolution / *coreml.costs().cpu_utilisation, 1e-9);
}

TEST(Cpu, OneThreadMovesNoMoreThanItsPort) {
  const auto seconds = [](const Chip& chip, const std::string& more) {
    return priced_text("unit=cpu path=none kind=copy bytes=393216 counted=1 direction=" + more,
                       chip)
        .seconds;
  };
  // Read and written, 32 bytes a cycle: 5.5 us on M4 Max.
  const Chip max = load_chip("M4Max");
  EXPECT_NEAR(seconds(max, "memcpy"), 2 * 393216 / (32 * max.cpu().p_clock_hz), 1e-12);
  EXPECT_NEAR(seconds(max, "copy"), 2 * 393216 / max.cpu().bandwidth, 1e-12);
  EXPECT_NEAR(seconds(max, "copy threads=2"), seconds(max, "memcpy") / 2, 1e-12);
  // The bus of M1 gives one core less than its port takes.
  const Chip m1 = load_chip("M1");
  EXPECT_NEAR(seconds(m1, "memcpy"), 2 * 393216 / m1.cpu().bandwidth, 1e-12);
}

TEST(Cpu, BuildsWithoutOpenMpReduceOnOneThread) {
  const Chip chip = load_chip("M1Max");
  kernels::Work w{.kind = kernels::WorkKind::reduction, .read = Bytes{512'000'000}};
  const auto memory = [&](const char* runtime) {
    return on_cpu(Works{w}, chip, load_runtime(runtime), {}).memory;
  };
  EXPECT_NEAR(memory("torch_cpu_2023"), 512e6 / *chip.cpu().bandwidth_core, 1e-9);
  EXPECT_LT(memory("torch_cpu"), memory("torch_cpu_2023") / 2);
  EXPECT_EQ(memory("torch_cpu_openblas_2023"), memory("torch_cpu_2023"));
  EXPECT_EQ(memory("torch_cpu_openblas"), memory("torch_cpu"));
}

TEST(Gpu, MatrixUnitsServeTheProductsOfSoftwareThatDrivesThem) {
  const Works w = {product(8192, 8192, 8192, 2, 2)};
  const auto compute = [&](const std::string& chip, const std::string& runtime, Precision p) {
    PriceOptions o;
    o.precision = p;
    return gpu(w, chip, runtime, o).compute;
  };
  const GpuParameters m5 = load_chip("M5").gpu();
  const double flop = 2.0 * 8192 * 8192 * 8192;
  const double rate = m5.cores * m5.clock_hz * 1024 * *m5.matrix_utilisation *
                      load_runtime("mlx").costs().gemm_utilisation;
  EXPECT_NEAR(compute("M5", "mlx", Precision::fp16), flop / rate, 0.02 * flop / rate);
  // Hand-written kernels stay on the lanes, as does fp32 where it is not rounded to tf32.
  const double lanes = m5.peak_fp16() * m5.utilisation * 1.1;
  EXPECT_NEAR(compute("M5", "metal", Precision::fp16), flop / lanes, 0.02 * flop / lanes);
  EXPECT_GT(compute("M5", "torch_mps", Precision::fp32),
            1.2 * compute("M5", "mlx", Precision::fp32));
  // M4 has none.
  EXPECT_EQ(compute("M4", "mlx", Precision::fp16), compute("M4", "mlx", Precision::fp32));
  // One row is bound by its weights, whatever multiplies.
  const Works row = {product(1, 8192, 8192, 2, 2)};
  EXPECT_NEAR(gpu(row, "M5", "mlx").seconds(), gpu(row, "M5", "metal").seconds(),
              0.15 * gpu(row, "M5", "metal").seconds());
}

TEST(Gpu, AProductOfOneColumnIsPaddedNoMoreThanOneOfOneRow) {
  const double row = gpu({product(1, 8192, 8192, 2, 2)}).compute;
  const double column = gpu({product(8192, 1, 8192, 2, 2)}).compute;
  EXPECT_LT(column, 1.5 * row);
  EXPECT_GT(gpu({product(8192, 2, 8192, 2, 2)}).compute, 4 * column);  // 2 columns fill half a tile
}

TEST(Gpu, LargerDiesOfM5StreamTheirShareOfTheirOwnMemory) {
  for (const char* name : {"M5Pro", "M5Max"}) {
    const Chip chip = load_chip(name);
    EXPECT_NEAR(chip.gpu().bandwidth_stream / chip.memory().bandwidth, 0.797, 0.02) << name;
  }
}

TEST(Gpu, LanesReachAnotherShareInFp32ThanMatrixUnitsInFp16) {
  const Works w = {product(8192, 8192, 8192, 4, 4)};
  PriceOptions o;
  o.precision = Precision::fp32;
  const GpuParameters g = load_chip("RTX4090").gpu();
  const double ideal = 2.0 * 8192 * 8192 * 8192 / (g.peak_fp32() * *g.utilisation_fp32);
  const double t = gpu(w, "RTX4090", "cuda_torch", o).compute;
  EXPECT_GE(t, ideal);
  EXPECT_LT(t, 1.15 * ideal);
}

TEST(Gpu, ABiasAddedApartReadsAndWritesTheOutputOnceMore) {
  Works w = {product(65536, 1024, 32, 4, 4)};  // more than a cache holds
  w[0].bias = true;
  const double joined = gpu(w, "M1Max", "mlx").dram_bytes;
  const double apart = gpu(w, "M1Max", "mlx_unfused").dram_bytes;
  EXPECT_EQ(apart - joined, 2.0 * 65536 * 1024 * 4);
}

RC_GTEST_PROP(Devices, TimeIsAtLeastEachRooflineBoundAndCausesSum, ()) {
  const auto m = *rc::gen::inRange<std::int64_t>(1, 3000),
             n = *rc::gen::inRange<std::int64_t>(1, 3000),
             k = *rc::gen::inRange<std::int64_t>(1, 3000);
  const Chip chip = load_chip(*rc::gen::elementOf(chip_names()));
  const Works w = {product(m, n, k, 2, 2)};
  const double flop = 2.0 * static_cast<double>(m * n * k);
  if (chip.has_gpu()) {
    const Estimate e = on_gpu(w, chip, load_runtime("mlx"), {});
    const GpuParameters& g = chip.gpu();
    const double peak = g.cores * g.clock_hz * std::max(g.flop_fp16, g.matrix_fp16.value_or(0));
    RC_ASSERT(e.seconds() * peak * 1.0000001 >= flop);
    RC_ASSERT(e.utilisation <= 1.0);
    RC_ASSERT(e.joules() > 0);
    double operators = 0;
    for (const OpEstimate& o : e.operators) operators += o.seconds;
    RC_ASSERT(std::fabs(operators + e.wait - e.seconds()) < 1e-9 * e.seconds() + 1e-15);
  }
  if (chip.has_cpu()) {
    const Estimate e = on_cpu(w, chip, load_runtime("mlx"), {});
    RC_ASSERT(e.utilisation <= 1.0);
    RC_ASSERT(e.joules() > 0);
  }
}

TEST(Devices, TwiceTheClockHalvesWhatComputeBinds) {
  const Works w = {product(4096, 4096, 4096, 2, 2)};
  const Runtime mps = load_runtime("mps");
  const Estimate a = on_gpu(w, load_chip("M2", {"gpu.clock=1 GHz"}), mps, {});
  const Estimate b = on_gpu(w, load_chip("M2", {"gpu.clock=2 GHz"}), mps, {});
  EXPECT_NEAR(a.compute / b.compute, 2, 0.1);
}

TEST(Devices, ARuntimeThatDrivesNoGpuIsAnError) {
  EXPECT_THROW(on_gpu(Works{}, load_chip("M1"), load_runtime("torch_cpu"), {}), InputError);
  EXPECT_THROW(on_gpu(Works{}, load_chip("A14"), load_runtime("mlx"), {}), InputError);
}

workloads::WorkList work_of(const std::string& text) {
  const workloads::Request r = workloads::parse_request(text);
  const workloads::Job job = workloads::job_of(
      r, {.machine = isa::Machine{}, .form = workloads::Form::framework, .programs = false});
  if (const auto* work = std::get_if<workloads::WorkList>(&job.stages.at(0).work)) return *work;
  return workloads::graph_work(std::get<workloads::Graph>(job.stages[0].work), 2, 2);
}

TEST(Works, ALanguageModelReadsItsWeightsOnceATokenAndMultipliesThemOnce) {
  const std::string s =
      "kind=llm name=llama-2-7b params=6738415616 layers=32 hidden=4096 ffn=11008 heads=32 "
      "kv_heads=32 vocab=32000 phase=decode tokens=1 context=64 weights=fp16";
  double weights = 0, macs = 0, operators = 0;
  for (const kernels::Work& w : work_of(s)) {
    if (w.name != "attention") {
      weights += static_cast<double>(w.count * w.weights.count);
      macs += static_cast<double>(w.count * w.macs.count);
    }
    operators += static_cast<double>(w.count);
  }
  // All but the embedding, of which one row is read, and the norms.
  const double params = 6738415616.0 - 32000.0 * 4096;
  EXPECT_NEAR(macs, params, 0.001 * params);
  EXPECT_NEAR(weights, 2 * params, 0.002 * params);
  EXPECT_THAT(operators,
              testing::AllOf(testing::Ge(600), testing::Le(900)));  // research: 650 to 900
}

TEST(Works, ProteinMpnnHasTheMacsThatWereCounted) {
  // 106 residues, k = 48: embed + encoder + decoder + head = 4,439,300,352 MACs
  // (mpnn/stage_summary.csv), and the positional product that the features run as one.
  const std::string s = "kind=mpnn residues=106 k=48 hidden=128 encoder=3 decoder=3 phase=forward";
  std::int64_t macs = 0;
  for (const kernels::Work& w : work_of(s)) macs += w.count * w.macs.count;
  EXPECT_EQ(macs, 4'439'300'352 + 106LL * 48 * 66 * 16);
}

TEST(Works, NetworksHaveThePublishedMacs) {
  const auto macs = [](const std::string& name) {
    double sum = 0;
    for (const kernels::Work& w : work_of("kind=network name=" + name + " input=1x3x224x224"))
      sum += static_cast<double>(w.count * w.macs.count);
    return sum;
  };
  // torchvision's tables: 1.81, 3.66, 4.09 and 17.56 G multiply-adds.
  EXPECT_NEAR(macs("resnet18") / 1.81e9, 1, 0.01);
  EXPECT_NEAR(macs("resnet34") / 3.66e9, 1, 0.01);
  EXPECT_NEAR(macs("resnet50") / 4.09e9, 1, 0.01);
  EXPECT_NEAR(macs("vit_b_16") / 17.56e9, 1, 0.01);
}

TEST(Price, QuantitiesOfOneCostAgree) {
  using workloads::Quantity;
  const workloads::Request r = workloads::parse_request(
      "kind=matmul m=1024 n=1024 k=1024 unit=gpu path=mlx weights=fp32 activations=fp32");
  const Target target = target_of(r, load_chip("M2"));
  const Lowered work = lower(r, target);
  const results::Cost c = price(work, target, r.conditions);
  const auto of = [&](Quantity q) { return quantity(c, work.job(), q); };
  EXPECT_DOUBLE_EQ(of(Quantity::latency) * of(Quantity::throughput_flops),
                   2.0 * 1024 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(of(Quantity::energy), of(Quantity::power) * of(Quantity::latency));
  EXPECT_DOUBLE_EQ(of(Quantity::throughput_calls) * of(Quantity::latency), 1);
  EXPECT_NEAR(results::sum(c.totals.causes), c.totals.latency_s, 1e-12);
  EXPECT_NEAR(results::sum(c.totals.energy_parts), c.totals.energy_j, 1e-12);
  EXPECT_THROW(of(Quantity::bandwidth), InputError);
}

TEST(Cpu, AStridedConvolutionReadsAllOfItsInput) {
  const std::string layer = "kind=conv cin=32 cout=64 h=28 w=14 kh=3 kw=3 stride=";
  const auto work = [&](const std::string& more) { return work_of(layer + more).at(0); };
  EXPECT_EQ(work("1").read, Bytes{32 * 28 * 14 * 2});
  EXPECT_EQ(work("2").read, Bytes{32 * 56 * 28 * 2});
  EXPECT_EQ(work("3 batch=2").read, Bytes{2 * 32 * 84 * 42 * 2});
  EXPECT_EQ(work("2").written, work("1").written);
  EXPECT_EQ(work("2").macs, work("1").macs);
  EXPECT_EQ(work("2 groups=4").macs, Macs{work("2").macs.count / 4});
  // What is read is what both devices move.
  for (const char* unit : {"cpu", "gpu"}) {
    const auto moved = [&](const std::string& stride) {
      return priced_text(
                 "path=mlx kind=conv cin=64 cout=64 h=512 w=512 stride=" + stride + " unit=" + unit,
                 "M1Max")
          .dram_bytes;
    };
    EXPECT_DOUBLE_EQ(moved("2") - moved("1"), 3.0 * 64 * 512 * 512 * 2) << unit;
  }
}

TEST(Cpu, AProductFromTheThresholdOnUsesAllMatrixUnits) {
  const Chip chip = load_chip("M1Max", {"cpu.product.parallel=2097152 FLOP"});
  const Runtime accelerate = load_runtime("accelerate");
  const CpuParameters& cpu = chip.cpu();
  PriceOptions o;
  o.precision = Precision::fp32;
  const auto compute = [&](std::int64_t k) {
    return on_cpu(Works{product(64, 128, k, 4, 4)}, chip, accelerate, o).compute;
  };
  EXPECT_NEAR(compute(128), 2097152 / (cpu.matrix_units * cpu.matrix_fp32 * cpu.product_all),
              1e-15);
  EXPECT_NEAR(compute(127), 2.0 * 64 * 128 * 127 / (cpu.matrix_fp32 * cpu.product_one), 1e-15);
  // One row takes the vector units.
  const double lanes = cpu.p_cores * cpu.p_clock_all_hz * cpu.neon_fp32_p +
                       cpu.e_cores * cpu.e_clock_hz * cpu.neon_fp32_e;
  EXPECT_NEAR(on_cpu(Works{product(1, 4096, 4096, 4, 4)}, chip, accelerate, o).compute,
              2.0 * 4096 * 4096 / (lanes * cpu.product_vector), 1e-12);
}

TEST(Cpu, HalfOfTheL2HoldsWhatIsReadAndWritten) {
  const Chip chip = load_chip("M1Max");
  const Runtime accelerate = load_runtime("accelerate");
  const auto half = static_cast<std::int64_t>(*chip.cpu().p_l2 / 2);
  const auto dram = [&](std::int64_t bytes) {
    kernels::Work w{.kind = kernels::WorkKind::pool, .read = Bytes{bytes}};
    return on_cpu(Works{w}, chip, accelerate, {}).dram_bytes;
  };
  EXPECT_EQ(dram(half - 1), 0);
  EXPECT_EQ(dram(half), static_cast<double>(half));
}

TEST(Cpu, ASoftmaxPassesItsTensorAsOftenAsItsLibrarySays) {
  const Chip chip = load_chip("M1Max");
  for (const char* name : {"mlx", "torch_cpu", "accelerate"}) {
    const Runtime runtime = load_runtime(name);
    kernels::Work w{
        .kind = kernels::WorkKind::softmax, .read = Bytes{1 << 28}, .written = Bytes{1 << 28}};
    EXPECT_DOUBLE_EQ(on_cpu(Works{w}, chip, runtime, {}).dram_bytes,
                     runtime.costs().softmax_passes * (1 << 29))
        << name;
    w.kind = kernels::WorkKind::elementwise;
    EXPECT_DOUBLE_EQ(on_cpu(Works{w}, chip, runtime, {}).dram_bytes,
                     runtime.costs().elementwise_passes * (1 << 29))
        << name;
  }
}

TEST(Cpu, ALoopTakesWhateverOfItsCoreItAsksMostOf) {
  const Chip chip = load_chip("M1");
  const Runtime none = load_runtime("none");
  const auto cycles = [&](const kernels::Loop& loop) {
    const kernels::Work w{.kind = kernels::WorkKind::loop, .loop = loop};
    return on_cpu(Works{w}, chip, none, {}).compute * chip.cpu().p_clock_hz;
  };
  const double pipes = chip.cpu().neon_fp32_p / 8;
  EXPECT_NEAR(cycles({.vector = 6000}), 6000 / pipes, 1e-6);
  EXPECT_NEAR(cycles({.loads = 6000}), 2000, 1e-6);
  EXPECT_NEAR(cycles({.scalar = 6000}), 1000, 1e-6);
  EXPECT_NEAR(cycles({.branches = 6000}), 6000, 1e-6);
  EXPECT_NEAR(cycles({.chained = 6000}), 18000, 1e-6);
  EXPECT_NEAR(cycles({.loads = 6000, .scalar = 18000, .branches = 2500}), 3000, 1e-6);
}

TEST(Cpu, WeightsThatStayInNoCacheComeWhileTheProductRuns) {
  const Chip chip = load_chip("M1Max");
  const Runtime accelerate = load_runtime("accelerate");
  PriceOptions o;
  o.precision = Precision::fp32;
  const CpuParameters& cpu = chip.cpu();
  // A small product among large ones, whose weights push its own out.
  const Works large = {product(1, 16384, 8192, 4, 4)};
  Works both = large;
  both.push_back(product(2, 1024, 1024, 4, 4));
  const double memory =
      on_cpu(both, chip, accelerate, o).memory - on_cpu(large, chip, accelerate, o).memory;
  const double compute = 2.0 * 2 * 1024 * 1024 / (cpu.matrix_fp32 * cpu.product_one);
  EXPECT_NEAR(memory, 4.0 * 1024 * 1024 / cpu.bandwidth - compute, 1e-12);
  // Alone, its weights stay.
  EXPECT_EQ(on_cpu(Works{both[1]}, chip, accelerate, o).memory, 0);
}

TEST(Cpu, JoulesAreThoseOfItsWorkItsTrafficAndItsTime) {
  const Chip chip = load_chip("M1Max");
  const Runtime torch = load_runtime("torch_cpu");
  const CpuParameters& cpu = chip.cpu();
  const double flop = 2.0 * 4096 * 4096 * 4096;
  PriceOptions o;
  for (const Precision p : {Precision::fp32, Precision::fp16}) {
    o.precision = p;
    const Estimate e = on_cpu(Works{product(4096, 4096, 4096, 4, 4)}, chip, torch, o);
    const double unit = p == Precision::fp32 ? cpu.matrix_fp32 : cpu.matrix_fp16;
    // A unit that does more in narrower numbers draws as much power.
    EXPECT_NEAR(e.energy_compute, flop * cpu.energy_matrix_flop * cpu.matrix_fp32 / unit, 1e-12);
    EXPECT_NEAR(e.energy_memory, e.dram_bytes * chip.memory().energy_byte, 1e-12);
    EXPECT_NEAR(e.energy_static,
                cpu.power_idle * e.seconds() + cpu.power_core * (e.memory + e.dispatch), 1e-9);
    EXPECT_GT(e.memory, 0);
  }
  const kernels::Work loop{
      .kind = kernels::WorkKind::loop, .read = Bytes{1 << 24}, .loop = {.branches = 1 << 26}};
  const Estimate one = on_cpu(Works{loop}, chip, load_runtime("none"), {});
  EXPECT_NEAR(one.energy_compute, one.compute * cpu.power_core, 1e-15);
  EXPECT_GT(one.compute, 0);
  // A core that waits for its bytes draws its power as it does for any.
  const kernels::Work waiting{
      .kind = kernels::WorkKind::loop, .read = Bytes{1 << 28}, .loop = {.branches = 1000}};
  const Estimate w = on_cpu(Works{waiting}, chip, load_runtime("none"), {});
  EXPECT_EQ(w.energy_compute, 0);
  EXPECT_NEAR(w.energy_static, (cpu.power_idle + cpu.power_core) * w.memory, 1e-12);
}

TEST(Cpu, ACallOfAProductCostsItsDispatchAndTheLibrarysOwn) {
  const Chip chip = load_chip("M1Max");
  for (const char* name : {"torch_cpu", "accelerate", "mlx"}) {
    const Runtime runtime = load_runtime(name);
    const RuntimeParameters& r = runtime.costs();
    EXPECT_NEAR(on_cpu(Works{product(64, 64, 64, 4, 4)}, chip, runtime, {}).dispatch,
                r.call_cpu + r.op_dispatch + r.cpu_product_call.value_or(0), 1e-15)
        << name;
    // Inside a batch the library's own is paid by the product.
    EXPECT_NEAR(on_cpu(Works{product(64, 64, 64, 4, 4, 10, true)}, chip, runtime, {}).dispatch,
                r.call_cpu + r.op_dispatch, 1e-15)
        << name;
  }
}

TEST(Gpu, TilesAreHalvedForNarrowProductsAndTheInnerExtentIsAMultipleOf8) {
  const GpuParameters g = load_chip("M1Max").gpu();
  ASSERT_EQ(g.tile, 64);
  const double peak = g.peak_fp16() * g.utilisation * load_runtime("mps").costs().gemm_utilisation;
  const auto expected = [&](double m, double n, double k, double edge_m, double edge_n) {
    const auto up = [](double v, double to) { return std::ceil(v / to) * to; };
    const double pm = up(m, edge_m), pn = up(n, edge_n), pk = up(k, 8);
    const double tiles = pm / edge_m * (pn / edge_n), rounds = std::ceil(tiles / g.cores);
    const double busy = tiles / (rounds * g.cores) * rounds / (rounds + g.tile_latency);
    return 2 * pm * pn * pk / (peak * busy);
  };
  const auto compute = [](std::int64_t m, std::int64_t n, std::int64_t k) {
    // A sharp roofline under a fast memory leaves what the tiles take.
    PriceOptions o;
    o.overlap = true;
    const Chip chip = load_chip("M1Max", {"memory.bandwidth=4000 GB/s", "gpu.roofline_exponent=8",
                                          "gpu.bandwidth_stream=4000 GB/s"});
    const Estimate e = on_gpu({product(m, n, k, 2, 2)}, chip, load_runtime("mps"), o);
    return e.compute + e.memory;
  };
  const auto near = [&](std::int64_t m, std::int64_t n, std::int64_t k, double em, double en) {
    const double want =
        expected(static_cast<double>(m), static_cast<double>(n), static_cast<double>(k), em, en);
    EXPECT_NEAR(compute(m, n, k), want, 1e-3 * want) << m << " " << n << " " << k;
  };
  near(512, 32, 16384, 64, 32);
  near(512, 33, 16384, 64, 64);
  near(32, 512, 16384, 32, 64);
  near(33, 512, 16384, 64, 64);
  near(4096, 4096, 8, 64, 64);
  near(4096, 4096, 9, 64, 64);
}

TEST(Gpu, HalfOfTheLastLevelCacheHoldsAnOperatorsTensors) {
  const Chip chip = load_chip("M1Max");
  const auto half = static_cast<std::int64_t>(*chip.memory().slc / 2);
  const auto priced = [&](std::int64_t bytes) {
    kernels::Work w{.kind = kernels::WorkKind::pool, .read = Bytes{bytes}};
    return gpu({w});
  };
  const double rate = chip.gpu().bandwidth_stream;
  ASSERT_GT(chip.gpu().slc_gain, 1);
  EXPECT_EQ(priced(half).dram_bytes, 0);
  EXPECT_NEAR(priced(half).memory, static_cast<double>(half) / (rate * chip.gpu().slc_gain), 1e-12);
  EXPECT_EQ(priced(half + 1).dram_bytes, static_cast<double>(half + 1));
  EXPECT_NEAR(priced(half + 1).memory, static_cast<double>(half + 1) / rate, 1e-12);
}

TEST(Gpu, OneRowReadsItsWeightsAtTheRateOfDecoding) {
  const Chip chip = load_chip("M1Max");
  const GpuParameters& g = chip.gpu();
  const double decode = g.decode_share * chip.memory().bandwidth;
  ASSERT_GT(decode, g.bandwidth_stream);
  const auto seconds = [&](std::int64_t rows) {
    const Estimate e = gpu({product(rows, 16384, 16384, 2, 2)});
    return e.compute + e.memory;
  };
  const double weights = 2.0 * 16384 * 16384;
  EXPECT_NEAR(seconds(1), weights / decode, 0.02 * weights / decode);
  EXPECT_GT(seconds(2), 0.999 * weights / g.bandwidth_stream);
}

TEST(Gpu, ACompiledGraphIsEncodedOnce) {
  const Chip chip = load_chip("M1Max");
  const auto encoding = [&](const std::vector<std::string>& set) {
    Works w(10, product(64, 64, 64, 2, 2));
    return on_gpu(w, chip, load_runtime("mps", set), {}).encoding;
  };
  const double one = load_runtime("mps").costs().op_dispatch;
  EXPECT_NEAR(encoding({}), 10 * one, 1e-12);
  EXPECT_NEAR(encoding({"fusion.graph=true"}), one, 1e-12);
}

TEST(Gpu, WeightsThatAreDecodedSlowTheirProduct) {
  const Runtime llama = load_runtime("llamacpp");
  Works w = {product(4096, 4096, 4096, 2, 2)};
  const double plain = gpu(w, "M1Max", "llamacpp").compute;
  w[0].compressed = true;
  EXPECT_NEAR(plain / gpu(w, "M1Max", "llamacpp").compute, *llama.costs().quantised_utilisation,
              0.01);
}

TEST(Gpu, FewRowsOfDecodedWeightsAreNotPadded) {
  const auto compute = [](std::int64_t rows, double weight) {
    Works w = {product(rows, 4096, 4096, 2, weight)};
    w[0].compressed = weight < 2;
    return gpu(w, "M1Max", "llamacpp").compute;
  };
  EXPECT_NEAR(compute(8, 0.5) / compute(4, 0.5), 2, 0.2);
  EXPECT_NEAR(compute(8, 0.5) / compute(32, 0.5), 0.5, 0.1);
  EXPECT_NEAR(compute(9, 0.5) / compute(32, 0.5), 1, 0.02);
  EXPECT_NEAR(compute(8, 2) / compute(32, 2), 1, 0.02);
}

TEST(Gpu, ConvolutionsReachAShareOfThePeakOfTheirOwn) {
  Works w = {product(8192, 8192, 8192, 2, 2)};
  const auto compute = [&](const std::string& chip) { return gpu(w, chip, "coreml").compute; };
  const double product = compute("M1Max");
  w[0].kind = kernels::WorkKind::conv;
  const double share = *load_runtime("coreml").costs().convolution_utilisation;
  EXPECT_NEAR(product / compute("M1Max"), share / load_chip("M1Max").gpu().utilisation, 0.01);
  // On every chip alike, whatever products reach there; on M5's accelerators as products do.
  EXPECT_NEAR(compute("M1") / compute("M1Max"),
              load_chip("M1Max").gpu().peak_fp16() / load_chip("M1").gpu().peak_fp16(), 0.05);
  const double conv = compute("M5");
  w[0].kind = kernels::WorkKind::gemm;
  EXPECT_EQ(compute("M5"), conv);
}

TEST(Gpu, GgmlWritesTheWindowsOfAConvolutionAndEverythingAsFloat32) {
  kernels::Work w = product(1 << 16, 256, 9 * 256, 2, 2);
  const auto out = static_cast<double>(w.written.count);
  w.kind = kernels::WorkKind::conv;
  w.read = Bytes{w.written.count};  // as many channels before as after
  const auto estimate = [&](const char* runtime) { return gpu({w}, "M1Max", runtime); };
  const auto moved = [&](const char* runtime) {
    return estimate(runtime).dram_bytes - static_cast<double>(w.weights.count);
  };
  EXPECT_NEAR(moved("mlx"), 2 * out, 1);
  // Input and output twice as wide; a matrix of windows of nine times the input, written and read.
  EXPECT_NEAR(moved("llamacpp"), 2 * 2 * out + 2 * 9 * out, 1);
  const auto overhead = [&] {
    Estimate e = estimate("llamacpp");
    return of(e.causes, Cause::overhead);
  };
  const double two = overhead();
  w.kind = kernels::WorkKind::gemm;
  EXPECT_NEAR(two, 2 * overhead(), 1e-12);
}

TEST(Gpu, TheNextTokenOfMlxIsAskedForBeforeTheLastIsRead) {
  const auto wait = [](const std::string& path, const std::string& phase) {
    return results::part(
        priced_text("unit=gpu kind=llm name=llama-3.2-1b path=" + path + " " + phase, "M4Pro")
            .causes,
        "host wait");
  };
  EXPECT_EQ(wait("mlx", "phase=decode context=100"), 0);
  EXPECT_GT(wait("mlx", "phase=prefill tokens=100"), 0);
  EXPECT_GT(wait("llamacpp", "phase=decode context=100"), 0);
}

TEST(Gpu, ACopyToOrFromACardCrossesPcie) {
  const auto seconds = [](const char* chip, const std::string& direction) {
    return priced_text("unit=gpu path=none kind=copy bytes=1000000000 direction=" + direction, chip)
        .seconds;
  };
  const Chip card = load_chip("RTX4090");
  const double across = 1e9 / card.pcie()->bandwidth + card.pcie()->latency;
  for (const char* direction : {"h2d", "d2h", "memcpy"})
    EXPECT_NEAR(seconds("RTX4090", direction), across, 1e-12) << direction;
  EXPECT_LT(seconds("RTX4090", "d2d"), across / 5);
  // One memory: from buffer to buffer.
  EXPECT_EQ(seconds("M4", "h2d"), seconds("M4", "copy"));
}

TEST(Gpu, JoulesAreThoseOfItsWorkItsTrafficAndItsTime) {
  const Chip chip = load_chip("M1Max", {"gpu.energy.byte=30 pJ/B"});
  const Works w = {product(4096, 4096, 4096, 2, 2)};
  const Estimate e = on_gpu(w, chip, load_runtime("mps"), {});
  const double flop = 2.0 * 4096 * 4096 * 4096, moved = 3.0 * 4096 * 4096 * 2;
  EXPECT_NEAR(e.energy_compute, flop * chip.gpu().energy_flop + moved * 30e-12, 1e-12);
  EXPECT_NEAR(e.energy_memory, e.dram_bytes * chip.memory().energy_byte, 1e-12);
  // It idles while the host waits, too.
  EXPECT_GT(e.wait, 0);
  EXPECT_NEAR(e.energy_static, chip.gpu().power_idle * e.seconds(), 1e-12);
}

TEST(Gpu, AFirstCallWakesItFromItsPowerGate) {
  const std::string call = "unit=gpu path=mps kind=matmul m=64 n=64 k=64";
  const Chip chip = load_chip("M1");
  EXPECT_NEAR(priced_text(call + " cold=1", chip).seconds - priced_text(call, chip).seconds,
              *chip.gpu().cold_wake, 1e-12);
}

TEST(Works, ALanguageModelSeesItsContextAndHalfOfItsOwnTokens) {
  const std::string model =
      "kind=llm name=mine layers=3 hidden=256 ffn=512 heads=4 kv_heads=2 vocab=1000 ";
  const auto work = [&](const std::string& call) { return work_of(model + call); };
  const auto keys = [&](const std::string& call, std::int64_t tokens) {
    for (const kernels::Work& w : work(call))
      if (w.name == "attention") return w.macs.count / (tokens * 4 * 64);
    return std::int64_t{-1};
  };
  EXPECT_EQ(keys("phase=prefill tokens=9 context=20", 9), 20 + 5);
  EXPECT_EQ(keys("phase=decode tokens=1 context=20", 1), 20 + 1);
  std::int64_t norms = 0;
  for (const kernels::Work& w : work("phase=decode tokens=1 context=20"))
    norms += w.name == "norm" ? w.count : 0;
  EXPECT_EQ(norms, 2 * 3 + 1);
  const auto cache = [&](const std::string& call) {
    const workloads::Request r = workloads::parse_request(model + call);
    return workloads::job_of(
               r,
               {.machine = isa::Machine{}, .form = workloads::Form::framework, .programs = false})
        .cache;
  };
  const double position = 2.0 * 3 * 2 * 64 * 2;  // keys and values, layers, heads, binary16
  EXPECT_EQ(cache("phase=prefill tokens=9 context=20"), 29 * position);
  EXPECT_EQ(cache("phase=decode tokens=7 context=20"), 21 * position);
  EXPECT_EQ(cache("phase=decode tokens=7 context=20 capacity=64 batch=2"), 2 * 64 * position);
}

TEST(Works, SumsCountRepeatedOperatorsAndTheWidestTensors) {
  kernels::Work a = product(8, 16, 32, 2, 2), b = product(4, 64, 8, 2, 1);
  a.count = 5;
  const workloads::WorkSums s = workloads::sums_of({a, b});
  EXPECT_EQ(s.macs, 5.0 * 8 * 16 * 32 + 4.0 * 64 * 8);
  EXPECT_EQ(s.weight_bytes, 5.0 * 16 * 32 * 2 + 64.0 * 8);
  EXPECT_EQ(s.widest, (8.0 * 32 + 8 * 16) * 2);
  // Right-hand sides of a batch's own are read one by one.
  EXPECT_EQ(product(8, 16, 32, 2, 2, 3, true).weights, Bytes{3 * 16 * 32 * 2});
  EXPECT_EQ(product(8, 16, 32, 2, 2, 3, false).weights, Bytes{16 * 32 * 2});
  EXPECT_EQ(workloads::pointwise(100, 2, 2).read, Bytes{400});
  EXPECT_EQ(workloads::pointwise(100, 2, 2).written, Bytes{200});
}

TEST(Price, WhatFillsTheMemoryToTheLastByteFits) {
  const workloads::Request r =
      workloads::parse_request("unit=ane path=direct kind=matmul m=512 n=2048 k=2048");
  const auto with = [&](std::int64_t bytes) {
    const Chip chip = load_chip(
        "M4", bytes > 0 ? std::vector<std::string>{"memory.capacity=" + std::to_string(bytes) + "B"}
                        : std::vector<std::string>{});
    return price(r, target_of(r, chip)).totals.peak_memory_bytes;
  };
  const std::int64_t needed = with(0);
  EXPECT_EQ(with(needed), needed);
  EXPECT_THROW(with(needed - 1), InputError);
}

TEST(Price, ARateIsOfTheItemsOfACall) {
  const workloads::Request r = workloads::parse_request("unit=ane kind=readqc name=mlp batch=100");
  const results::Cost c = price(r, target_of(r, load_chip("M4")));
  EXPECT_DOUBLE_EQ(c.totals.throughput_items_per_s * c.totals.latency_s, 100);
}

}  // namespace
}  // namespace ane::sim
