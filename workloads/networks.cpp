#include "workloads/networks.h"

#include "isa/error.h"
#include "workloads/networks/families.h"

namespace ane::workloads {

std::span<const Network> networks() {
  using namespace families;
  constexpr Extents image{.w = 224, .h = 224, .c = 3, .n = 1};
  static constexpr Network table[] = {
      {"resnet18", "ResNet-18", image, 1.814e9, resnet18},
      {"resnet34", "ResNet-34", image, 3.664e9, resnet34},
      {"resnet50", "ResNet-50", image, 4.089e9, resnet50},
      {"resnet101", "ResNet-101", image, 7.801e9, resnet101},
      {"mobilenet_v1", "MobileNet 1.0", image, 569e6, mobilenet_v1},
      {"mobilenet_v2", "MobileNet v2 1.0", image, 300.8e6, mobilenet_v2},
      {"mobilenet_v3_small", "MobileNet v3 small 1.0", image, 56.5e6, mobilenet_v3_small},
      {"mobilenet_v3_large", "MobileNet v3 large 1.0", image, 216.6e6, mobilenet_v3_large},
      {"efficientnet_b0", "EfficientNet-B0", image, 386e6, efficientnet_b0},
      {"mobileone_s0", "MobileOne S0, folded", image, 275e6, mobileone_s0},
      {"mobileone_s1", "MobileOne S1, folded", image, 825e6, mobileone_s1},
      {"mobileone_s2", "MobileOne S2, folded", image, 1299e6, mobileone_s2},
      {"mobileone_s3", "MobileOne S3, folded", image, 1896e6, mobileone_s3},
      {"mobileone_s4", "MobileOne S4, folded", image, 2978e6, mobileone_s4},
      {"vgg16", "VGG-16", image, 15.47e9, vgg16},
      {"squeezenet1_1", "SqueezeNet 1.1", image, 349e6, squeezenet1_1},
      {"inception_v3", "Inception v3", {.w = 299, .h = 299, .c = 3, .n = 1}, 5.71e9, inception_v3},
      {"densenet121", "DenseNet-121", image, 2.834e9, densenet121},
      {"vit_t_16", "ViT-Ti/16", image, 1.26e9, vit_t_16},
      {"vit_s_16", "ViT-S/16", image, 4.61e9, vit_s_16},
      {"vit_b_16", "ViT-B/16", image, 17.58e9, vit_b_16},
      {"vit_l_16", "ViT-L/16", image, 61.6e9, vit_l_16},
      {"centernet_resnet34",
       "CenterNet on ResNet-34",
       {.w = 512, .h = 512, .c = 3, .n = 1},
       0,
       centernet_resnet34},
      {"craft", "CRAFT text detector", {.w = 1280, .h = 736, .c = 3, .n = 1}, 0, craft},
      {"unet", "U-Net", {.w = 512, .h = 512, .c = 3, .n = 1}, 0, unet},
      {"stable_diffusion_1_5_unet",
       "Stable Diffusion 1.x denoiser",
       {.w = 64, .h = 64, .c = 4, .n = 1},
       401e9,
       stable_diffusion_1_unet},
      {"stable_diffusion_2_1_base_unet",
       "Stable Diffusion 2.x denoiser",
       {.w = 64, .h = 64, .c = 4, .n = 1},
       0,
       stable_diffusion_2_unet},
  };
  return table;
}

const Network& network_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Network& n : networks()) {
    if (n.name == name) return n;
    names.emplace_back(n.name);
  }
  throw InputError("spec", "unknown network '" + std::string(name) + "'", choice_note(name, names));
}

Graph build_network(const Network& network, const Extents& input, const Numbers& numbers) {
  Layers l(std::string(network.name), numbers);
  const Extents e = input.count() > 1 ? input : network.input;
  const ValueId x = l.graph().input("image", {Format::fp16, e});
  for (const ValueId out : network.build(l, x)) l.graph().output(out);
  return l.graph().finish();
}

Extents input_of(const Spec& s) {
  Extents e = network_named(s.name).input;
  if (!s.input.empty()) {
    const std::vector<std::int64_t> x = extents(s.input);
    if (x.size() != 4)
      throw InputError("spec", "input=" + s.input + ": not NxCxHxW", "as 1x3x224x224");
    e = {.w = x[3], .h = x[2], .c = x[1], .n = x[0]};
  }
  if (e.n == 1) e.n = s.batch;
  return e;
}

double graph_macs(const Graph& graph) {
  double macs = 0;
  for (const Node& n : graph.nodes)
    macs += static_cast<double>(n.op->work(graph.call(n)).macs.count);
  return macs;
}

}  // namespace ane::workloads
