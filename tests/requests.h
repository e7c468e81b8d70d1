// Small requests of every kind, for tests that hold for all of them.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tests/onnx_writer.h"

namespace ane {

// By kind: the first is the plain one; the others are where further keys mean something.
inline const std::map<std::string, std::vector<std::string>, std::less<>>& requests_by_kind() {
  static const std::map<std::string, std::vector<std::string>, std::less<>> all = {
      {"matmul",
       {"kind=matmul m=256 n=512 k=512", "kind=matmul m=64 n=128 k=96 batch=4",
        "kind=matmul m=64 n=128 k=128 depth=8", "kind=matmul m=4096 n=4096 k=4096 overlap=1"}},
      {"conv",
       {"kind=conv cin=64 cout=128 h=32 w=32", "kind=conv cin=64 cout=64 h=32 w=32 kh=3 kw=3",
        "kind=conv cin=64 cout=64 h=32 w=32 depth=8",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3 depth=4 weights=int8"}},
      {"elementwise",
       {"kind=elementwise op=add elements=262144", "kind=elementwise op=relu elements=65536",
        "kind=elementwise op=relu elements=262144 depth=8"}},
      {"op",
       {"kind=op op=softmax shape=64x512", "kind=op op=top_k shape=64x512 k=8",
        "kind=op op=max_pool shape=64x32x32 kh=2 kw=2 stride=2",
        "kind=op op=mha shape=128x256 heads=8", "kind=op op=transpose shape=512x512",
        "kind=op op=reduce_sum shape=512x512", "kind=op op=gather shape=512x512",
        "kind=op op=sdpa shape=8x128x64", "kind=op op=layer_norm shape=512x768"}},
      {"network",
       {"kind=network name=resnet50", "kind=network name=mobilenet_v2 batch=4",
        "kind=network name=resnet18"}},
      {"encoder",
       {"kind=encoder name=distilbert", "kind=encoder name=bert-base tokens=64 batch=4"}},
      {"llm",
       {"kind=llm name=tiny layers=4 hidden=512 ffn=1024 heads=8 vocab=4000 phase=decode "
        "context=256",
        "kind=llm name=tiny layers=4 hidden=512 ffn=1024 heads=8 vocab=4000 phase=prefill "
        "tokens=512",
        "kind=llm name=tinyllama phase=decode context=128 weights=lut4"}},
      {"mpnn",
       {"kind=mpnn residues=100", "kind=mpnn residues=60 phase=uncond",
        "kind=mpnn residues=60 phase=sample", "kind=mpnn residues=60 phase=attention",
        "kind=mpnn residues=60 phase=encode", "kind=mpnn residues=60 phase=decode_step",
        "kind=mpnn residues=60 phase=speculate accept=0.7",
        "kind=mpnn residues=60 phase=diffuse "
        "passes=20"}},
      {"readqc", {"kind=readqc name=mlp batch=100", "kind=readqc name=kmer batch=64"}},
      {"model",
       {"kind=model file=" + onnx_writer::classifier_file(false),
        "kind=model file=" + onnx_writer::classifier_file(true) + " batch=4"}},
      {"rule", {"kind=rule name=fastp batch=1000"}},
      {"vision_language", {"kind=vision_language"}},
      {"copy", {"kind=copy bytes=67108864 direction=read counted=1", "kind=copy bytes=4096"}},
      {"launch", {"kind=launch"}},
      {"idle", {"kind=idle"}}};
  return all;
}

}  // namespace ane
