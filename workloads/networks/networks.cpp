#include "workloads/networks/networks.h"

#include <utility>

#include "isa/error.h"
#include "workloads/networks/families.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {

std::span<const Network> networks() {
  using namespace families;
  constexpr Extents image{.w = 224, .h = 224, .c = 3, .n = 1};
  static constexpr Network table[] = {
      {"resnet18", "ResNet-18", image, 1.814e9, 11.69, resnet18},
      {"resnet34", "ResNet-34", image, 3.664e9, 21.8, resnet34},
      {"resnet50", "ResNet-50", image, 4.089e9, 25.56, resnet50},
      {"resnet101", "ResNet-101", image, 7.801e9, 44.55, resnet101},
      {"mobilenet_v1", "MobileNet 1.0", image, 569e6, 4.23, mobilenet_v1},
      {"mobilenet_v2", "MobileNet v2 1.0", image, 300.8e6, 3.5, mobilenet_v2},
      {"mobilenet_v3_small", "MobileNet v3 small 1.0", image, 56.5e6, 2.54, mobilenet_v3_small},
      {"mobilenet_v3_large", "MobileNet v3 large 1.0", image, 216.6e6, 5.48, mobilenet_v3_large},
      {"efficientnet_b0", "EfficientNet-B0", image, 386e6, 5.29, efficientnet_b0},
      {"mobileone_s0", "MobileOne S0, folded", image, 275e6, 2.1, mobileone_s0},
      {"mobileone_s1", "MobileOne S1, folded", image, 825e6, 4.8, mobileone_s1},
      {"mobileone_s2", "MobileOne S2, folded", image, 1299e6, 7.8, mobileone_s2},
      {"mobileone_s3", "MobileOne S3, folded", image, 1896e6, 10.1, mobileone_s3},
      {"mobileone_s4", "MobileOne S4, folded", image, 2978e6, 14.8, mobileone_s4},
      {"vgg16", "VGG-16", image, 15.47e9, 138.36, vgg16},
      {"squeezenet1_1", "SqueezeNet 1.1", image, 349e6, 1.24, squeezenet1_1},
      {"inception_v3",
       "Inception v3",
       {.w = 299, .h = 299, .c = 3, .n = 1},
       5.71e9,
       23.83,
       inception_v3},
      {"densenet121", "DenseNet-121", image, 2.834e9, 7.98, densenet121},
      {"vit_t_16", "ViT-Ti/16", image, 1.26e9, 5.72, vit_t_16},
      {"vit_s_16", "ViT-S/16", image, 4.61e9, 22.05, vit_s_16},
      {"vit_b_16", "ViT-B/16", image, 17.58e9, 86.57, vit_b_16},
      {"vit_l_16", "ViT-L/16", image, 61.6e9, 304.3, vit_l_16},
      {"resnet152", "ResNet-152", image, 1.151e+10, 60.19, resnet152},
      {"efficientnet_b1",
       "EfficientNet-B1",
       {.w = 240, .h = 240, .c = 3, .n = 1},
       6.87e+08,
       7.79,
       efficientnet_b1},
      {"efficientnet_b2",
       "EfficientNet-B2",
       {.w = 288, .h = 288, .c = 3, .n = 1},
       1.088e+09,
       9.11,
       efficientnet_b2},
      {"efficientnet_b3",
       "EfficientNet-B3",
       {.w = 300, .h = 300, .c = 3, .n = 1},
       1.827e+09,
       12.23,
       efficientnet_b3},
      {"efficientnet_b4",
       "EfficientNet-B4",
       {.w = 380, .h = 380, .c = 3, .n = 1},
       4.394e+09,
       19.34,
       efficientnet_b4},
      {"efficientnet_lite0", "EfficientNet-lite0", image, 0, 4.65, efficientnet_lite0},
      {"mnasnet_a1", "MnasNet-A1", image, 3.12e+08, 3.9, mnasnet_a1},
      {"mnasnet_b1", "MnasNet-B1", image, 3.14e+08, 4.38, mnasnet_b1},
      {"shufflenet_v2_1_0", "ShuffleNet v2 1.0", image, 1.45e+08, 2.28, shufflenet_v2_1_0},
      {"convnext_t", "ConvNeXt-T", image, 4.456e+09, 28.59, convnext_t},
      {"convnext_s", "ConvNeXt-S", image, 8.684e+09, 50.22, convnext_s},
      {"mobilevit_xxs",
       "MobileViT-XXS",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       0,
       1.27,
       mobilevit_xxs},
      {"mobilevit_xs",
       "MobileViT-XS",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       1.05e9,
       2.32,
       mobilevit_xs},
      {"mobilevit_s",
       "MobileViT-S",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       2.03e+09,
       5.58,
       mobilevit_s},
      {"mobilevit_v2_0_5",
       "MobileViT v2 0.5",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       4.66e+08,
       1.37,
       mobilevit_v2_0_5},
      {"mobilevit_v2_1_0",
       "MobileViT v2 1.0",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       1.84e+09,
       4.9,
       mobilevit_v2_1_0},
      {"mobilevit_v2_2_0",
       "MobileViT v2 2.0",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       7.22e+09,
       18.4,
       mobilevit_v2_2_0},
      {"fastvit_t8",
       "FastViT-T8, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       7.05e+08,
       4.03,
       fastvit_t8},
      {"fastvit_t12",
       "FastViT-T12, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       1.42e+09,
       7.55,
       fastvit_t12},
      {"fastvit_s12",
       "FastViT-S12, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       1.82e+09,
       9.47,
       fastvit_s12},
      {"fastvit_sa12",
       "FastViT-SA12, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       1.96e+09,
       11.58,
       fastvit_sa12},
      {"fastvit_sa24",
       "FastViT-SA24, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       3.79e+09,
       21.55,
       fastvit_sa24},
      {"fastvit_sa36",
       "FastViT-SA36, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       5.62e+09,
       31.53,
       fastvit_sa36},
      {"fastvit_ma36",
       "FastViT-MA36, folded",
       {.w = 256, .h = 256, .c = 3, .n = 1},
       7.85e+09,
       44.07,
       fastvit_ma36},
      {"efficientformer_l1", "EfficientFormer-L1", image, 1.3e+09, 12.3, efficientformer_l1},
      {"efficientformer_l3", "EfficientFormer-L3", image, 3.93e+09, 31.4, efficientformer_l3},
      {"yolov5n", "YOLOv5n", {.w = 640, .h = 640, .c = 3, .n = 1}, 2.25e+09, 1.87, yolov5n},
      {"yolov5s", "YOLOv5s", {.w = 640, .h = 640, .c = 3, .n = 1}, 8.25e+09, 7.23, yolov5s},
      {"yolov5m", "YOLOv5m", {.w = 640, .h = 640, .c = 3, .n = 1}, 2.45e+10, 21.2, yolov5m},
      {"yolov8n", "YOLOv8n", {.w = 640, .h = 640, .c = 3, .n = 1}, 4.35e+09, 3.16, yolov8n},
      {"yolov8s", "YOLOv8s", {.w = 640, .h = 640, .c = 3, .n = 1}, 1.43e+10, 11.17, yolov8s},
      {"yolov8m", "YOLOv8m", {.w = 640, .h = 640, .c = 3, .n = 1}, 3.945e+10, 25.9, yolov8m},
      {"llama_2_feed_forward",
       "four feed-forward layers of Llama 2 7B",
       {.w = 8, .h = 8, .c = 4096, .n = 1},
       3.463e10,
       541.1,
       llama_2_feed_forward},
      {"deeplabv3_mobilenet_v2",
       "DeepLab v3 on MobileNet v2, stride 16",
       {.w = 513, .h = 513, .c = 3, .n = 1},
       2.75e+09,
       2.11,
       deeplabv3_mobilenet_v2},
      {"centernet_resnet34",
       "CenterNet on ResNet-34",
       {.w = 512, .h = 512, .c = 3, .n = 1},
       0,
       0,
       centernet_resnet34},
      {"craft", "CRAFT text detector", {.w = 1280, .h = 736, .c = 3, .n = 1}, 0, 0, craft},
      {"unet", "U-Net", {.w = 512, .h = 512, .c = 3, .n = 1}, 0, 0, unet},
      {"stable_diffusion_1_5_unet",
       "Stable Diffusion 1.x denoiser",
       {.w = 64, .h = 64, .c = 4, .n = 1},
       401e9,
       0,
       stable_diffusion_1_unet},
      {"stable_diffusion_2_1_base_unet",
       "Stable Diffusion 2.x denoiser",
       {.w = 64, .h = 64, .c = 4, .n = 1},
       0,
       0,
       stable_diffusion_2_unet},
  };
  return table;
}

namespace {

// Other names of the same shapes, plain.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"mobilenet", "mobilenet_v1"},
    {"mobilenetv110", "mobilenet_v1"},
    {"mobilenetv210", "mobilenet_v2"},
    {"mobilenetv3", "mobilenet_v3_large"},
    {"mobilenetv3l", "mobilenet_v3_large"},
    {"mobilenetv3s", "mobilenet_v3_small"},
    {"mobilevit", "mobilevit_s"},
    {"mobilevitv2", "mobilevit_v2_1_0"},
    {"mnasnet", "mnasnet_b1"},
    {"mnasnet10", "mnasnet_b1"},
    {"shufflenetv2", "shufflenet_v2_1_0"},
    {"shufflenetv2x10", "shufflenet_v2_1_0"},
    {"squeezenet", "squeezenet1_1"},
    {"efficientnet", "efficientnet_b0"},
    {"efficientnetlite", "efficientnet_lite0"},
    {"convnexttiny", "convnext_t"},
    {"convnextsmall", "convnext_s"},
    {"deits", "vit_s_16"},
    {"deitsmall", "vit_s_16"},
    {"deitt", "vit_t_16"},
    {"deittiny", "vit_t_16"},
    {"deitb", "vit_b_16"},
    {"deitbase", "vit_b_16"},
    {"vit", "vit_b_16"},
    {"vitb", "vit_b_16"},
    {"vitbase", "vit_b_16"},
    {"vitbasepatch16224", "vit_b_16"},
    {"vitlarge", "vit_l_16"},
    {"vitsmall", "vit_s_16"},
    {"deeplabv3", "deeplabv3_mobilenet_v2"},
    {"centernet", "centernet_resnet34"},
    {"stablediffusion15", "stable_diffusion_1_5_unet"},
    {"stablediffusion15unet", "stable_diffusion_1_5_unet"},
    {"stablediffusion14unet", "stable_diffusion_1_5_unet"},
    {"stablediffusion21unet", "stable_diffusion_2_1_base_unet"},
    {"stablediffusion21base", "stable_diffusion_2_1_base_unet"},
};

}  // namespace

const Network* find_network(std::string_view name) {
  std::string wanted = plain_name(name);
  for (const auto& [other, shape] : other_names)
    if (wanted == other) wanted = plain_name(shape);
  for (const Network& n : networks())
    if (plain_name(n.name) == wanted) return &n;
  return nullptr;
}

const Network& network_named(std::string_view name) {
  if (const Network* n = find_network(name)) return *n;
  std::vector<std::string> names;
  for (const Network& n : networks()) names.emplace_back(n.name);
  throw InputError("", "unknown network '" + std::string(name) + "'", choice_note(name, names));
}

Graph build_network(const Network& network, const Extents& input, const Numbers& numbers) {
  Layers l(std::string(network.name), numbers);
  const Extents e = input.count() > 1 ? input : network.input;
  const ValueId x = l.graph().input("image", {Format::fp16, e});
  for (const ValueId out : network.build(l, x)) l.graph().output(out);
  return l.graph().finish();
}

double graph_macs(const Graph& graph) {
  double macs = 0;
  for (const Node& n : graph.nodes)
    macs += static_cast<double>(n.op->work(graph.call(n)).macs.count);
  return macs;
}

}  // namespace ane::workloads
