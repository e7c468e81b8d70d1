// The families' entry points, called through the table in networks.cpp.
#pragma once
#include "workloads/graph/layers.h"

namespace ane::workloads::families {

using Outputs = std::vector<ValueId>;

Outputs resnet18(Layers& l, ValueId x);
Outputs resnet34(Layers& l, ValueId x);
Outputs resnet50(Layers& l, ValueId x);
Outputs resnet101(Layers& l, ValueId x);
Outputs resnet152(Layers& l, ValueId x);
Outputs resnext50_32x4d(Layers& l, ValueId x);
Outputs wide_resnet50_2(Layers& l, ValueId x);
Outputs regnet_x_400mf(Layers& l, ValueId x);
Outputs regnet_x_800mf(Layers& l, ValueId x);
Outputs regnet_x_1_6gf(Layers& l, ValueId x);
Outputs regnet_x_3_2gf(Layers& l, ValueId x);
Outputs regnet_x_8gf(Layers& l, ValueId x);
Outputs regnet_y_400mf(Layers& l, ValueId x);
Outputs regnet_y_800mf(Layers& l, ValueId x);
Outputs regnet_y_1_6gf(Layers& l, ValueId x);
Outputs regnet_y_3_2gf(Layers& l, ValueId x);
Outputs regnet_y_8gf(Layers& l, ValueId x);
// The four stages' results of a ResNet of basic blocks, for networks built on one.
std::vector<ValueId> resnet_stages(Layers& l, ValueId x, const std::array<int, 4>& blocks);
// Of one of bottlenecks, dilated where it would be coarser than stride `coarsest`.
std::vector<ValueId> bottleneck_stages(Layers& l, ValueId x, const std::array<int, 4>& blocks,
                                       int coarsest);

Outputs vgg11(Layers& l, ValueId x);
Outputs vgg13(Layers& l, ValueId x);
Outputs vgg16(Layers& l, ValueId x);
Outputs vgg19(Layers& l, ValueId x);
// VGG-16 with batch normalisation up to a pooled fifth stage, for detectors.
std::vector<ValueId> vgg16_stages(Layers& l, ValueId x);
Outputs squeezenet1_1(Layers& l, ValueId x);
Outputs inception_v3(Layers& l, ValueId x);
Outputs inception_v4(Layers& l, ValueId x);
Outputs densenet121(Layers& l, ValueId x);
Outputs densenet161(Layers& l, ValueId x);
Outputs densenet169(Layers& l, ValueId x);
Outputs densenet201(Layers& l, ValueId x);

Outputs mobilenet_v1(Layers& l, ValueId x);
Outputs mobilenet_v2(Layers& l, ValueId x);
Outputs mobilenet_v2_0_5(Layers& l, ValueId x);
Outputs mobilenet_v2_0_75(Layers& l, ValueId x);
Outputs mobilenet_v2_1_4(Layers& l, ValueId x);
Outputs mobilenet_edgetpu(Layers& l, ValueId x);
Outputs mobilenet_v4_conv_small(Layers& l, ValueId x);
Outputs mobilenet_v4_conv_medium(Layers& l, ValueId x);
Outputs mobilenet_v4_conv_large(Layers& l, ValueId x);
Outputs mobilenet_v3_large(Layers& l, ValueId x);
Outputs mobilenet_v3_large_minimal(Layers& l, ValueId x);
Outputs mobilenet_v3_small(Layers& l, ValueId x);
Outputs efficientnet_b0(Layers& l, ValueId x);
Outputs efficientnet_b1(Layers& l, ValueId x);
Outputs efficientnet_b2(Layers& l, ValueId x);
Outputs efficientnet_b3(Layers& l, ValueId x);
Outputs efficientnet_b4(Layers& l, ValueId x);
Outputs efficientnet_b5(Layers& l, ValueId x);
Outputs efficientnet_b6(Layers& l, ValueId x);
Outputs efficientnet_b7(Layers& l, ValueId x);
Outputs efficientnet_v2_s(Layers& l, ValueId x);
Outputs efficientnet_v2_m(Layers& l, ValueId x);
Outputs efficientnet_lite0(Layers& l, ValueId x);
Outputs mnasnet_a1(Layers& l, ValueId x);
Outputs mnasnet_b1(Layers& l, ValueId x);
Outputs shufflenet_v2_1_0(Layers& l, ValueId x);
Outputs ghostnet(Layers& l, ValueId x);
Outputs deeplabv3_mobilenet_v2(Layers& l, ValueId x);
// Results at two strides of a MobileNet that is dilated behind stride 16: v2's at 4 and 16 (24 and
// 320 channels), v3 large's at 8 and 16 (40 and 960).
std::array<ValueId, 2> mobilenet_v2_dilated(Layers& l, ValueId x);
std::array<ValueId, 2> mobilenet_v3_large_dilated(Layers& l, ValueId x);
// For detectors, at strides 16 (v2 and v3: the expansion before the next stride) and 32; v3 with
// half of the channels in its last blocks.
std::array<ValueId, 2> mobilenet_v1_levels(Layers& l, ValueId x);
std::array<ValueId, 2> mobilenet_v2_levels(Layers& l, ValueId x);
std::array<ValueId, 2> mobilenet_v3_large_levels(Layers& l, ValueId x);
Outputs mobileone_s0(Layers& l, ValueId x);
Outputs mobileone_s1(Layers& l, ValueId x);
Outputs mobileone_s2(Layers& l, ValueId x);
Outputs mobileone_s3(Layers& l, ValueId x);
Outputs mobileone_s4(Layers& l, ValueId x);

Outputs convnext_t(Layers& l, ValueId x);
Outputs convnext_s(Layers& l, ValueId x);
Outputs convnext_b(Layers& l, ValueId x);
Outputs mobilevit_xxs(Layers& l, ValueId x);
Outputs mobilevit_xs(Layers& l, ValueId x);
Outputs mobilevit_s(Layers& l, ValueId x);
Outputs mobilevit_v2_0_5(Layers& l, ValueId x);
Outputs mobilevit_v2_1_0(Layers& l, ValueId x);
Outputs mobilevit_v2_1_5(Layers& l, ValueId x);
Outputs mobilevit_v2_2_0(Layers& l, ValueId x);
Outputs fastvit_t8(Layers& l, ValueId x);
Outputs fastvit_t12(Layers& l, ValueId x);
Outputs fastvit_s12(Layers& l, ValueId x);
Outputs fastvit_sa12(Layers& l, ValueId x);
Outputs fastvit_sa24(Layers& l, ValueId x);
Outputs fastvit_sa36(Layers& l, ValueId x);
Outputs fastvit_ma36(Layers& l, ValueId x);
Outputs mobileclip_s0_image(Layers& l, ValueId x);
Outputs mobileclip_s1_image(Layers& l, ValueId x);
Outputs mobileclip_s2_image(Layers& l, ValueId x);
Outputs efficientformer_l1(Layers& l, ValueId x);
Outputs efficientformer_l3(Layers& l, ValueId x);
Outputs efficientformer_l7(Layers& l, ValueId x);
Outputs efficientformer_v2_s0(Layers& l, ValueId x);
Outputs efficientformer_v2_s1(Layers& l, ValueId x);
Outputs efficientformer_v2_s2(Layers& l, ValueId x);
Outputs efficientformer_v2_l(Layers& l, ValueId x);

Outputs poolformer_s12(Layers& l, ValueId x);
Outputs poolformer_s24(Layers& l, ValueId x);
Outputs poolformer_s36(Layers& l, ValueId x);
Outputs convmixer_768_32(Layers& l, ValueId x);
Outputs repvit_m0_9(Layers& l, ValueId x);
Outputs repvit_m1_0(Layers& l, ValueId x);
Outputs repvit_m1_1(Layers& l, ValueId x);
Outputs repvit_m1_5(Layers& l, ValueId x);
Outputs repvit_m2_3(Layers& l, ValueId x);
Outputs edgevit_xxs(Layers& l, ValueId x);
Outputs edgevit_xs(Layers& l, ValueId x);
Outputs edgevit_s(Layers& l, ValueId x);
Outputs mobileformer_508m(Layers& l, ValueId x);
Outputs starnet_s1(Layers& l, ValueId x);
Outputs starnet_s2(Layers& l, ValueId x);
Outputs starnet_s3(Layers& l, ValueId x);
Outputs starnet_s4(Layers& l, ValueId x);
Outputs swiftformer_xs(Layers& l, ValueId x);
Outputs swiftformer_s(Layers& l, ValueId x);
Outputs swiftformer_l1(Layers& l, ValueId x);
Outputs swiftformer_l3(Layers& l, ValueId x);
Outputs levit_128s(Layers& l, ValueId x);
Outputs levit_128(Layers& l, ValueId x);
Outputs levit_192(Layers& l, ValueId x);
Outputs levit_256(Layers& l, ValueId x);
Outputs levit_384(Layers& l, ValueId x);
Outputs mobilevig_ti(Layers& l, ValueId x);
Outputs mobilevig_s(Layers& l, ValueId x);
Outputs mobilevig_m(Layers& l, ValueId x);
Outputs mobilevig_b(Layers& l, ValueId x);
Outputs yolov3(Layers& l, ValueId x);
Outputs yolov3_tiny(Layers& l, ValueId x);
Outputs yolov4_tiny(Layers& l, ValueId x);

Outputs yolov5n(Layers& l, ValueId x);
Outputs yolov5s(Layers& l, ValueId x);
Outputs yolov5m(Layers& l, ValueId x);
Outputs yolov5l(Layers& l, ValueId x);
Outputs yolov5x(Layers& l, ValueId x);
Outputs yolov6n(Layers& l, ValueId x);
Outputs yolov6s(Layers& l, ValueId x);
Outputs yolov7(Layers& l, ValueId x);
Outputs yolov7_tiny(Layers& l, ValueId x);
Outputs yolov8n(Layers& l, ValueId x);
Outputs yolov8s(Layers& l, ValueId x);
Outputs yolov8m(Layers& l, ValueId x);
Outputs yolov8l(Layers& l, ValueId x);
Outputs yolov8x(Layers& l, ValueId x);
Outputs yolov9t(Layers& l, ValueId x);
Outputs yolov9s(Layers& l, ValueId x);
Outputs yolov9c(Layers& l, ValueId x);
Outputs yolov10n(Layers& l, ValueId x);
Outputs yolov10s(Layers& l, ValueId x);
Outputs yolov10m(Layers& l, ValueId x);
Outputs yolo11n(Layers& l, ValueId x);
Outputs yolo11s(Layers& l, ValueId x);
Outputs yolo11m(Layers& l, ValueId x);
Outputs yolo11l(Layers& l, ValueId x);
Outputs yolo11x(Layers& l, ValueId x);
Outputs yolox_s(Layers& l, ValueId x);

Outputs vit_b_16(Layers& l, ValueId x);
Outputs vit_s_16(Layers& l, ValueId x);
Outputs vit_t_16(Layers& l, ValueId x);
Outputs vit_l_16(Layers& l, ValueId x);
Outputs deit_tiny(Layers& l, ValueId x);
Outputs deit_small(Layers& l, ValueId x);
Outputs deit_base(Layers& l, ValueId x);

Outputs llama_2_feed_forward(Layers& l, ValueId x);

Outputs centernet_resnet34(Layers& l, ValueId x);
Outputs craft(Layers& l, ValueId x);
Outputs deeplabv3_resnet50(Layers& l, ValueId x);
Outputs deeplabv3_mobilenet_v3_large(Layers& l, ValueId x);
Outputs deeplabv3plus_mobilenet_v2(Layers& l, ValueId x);
Outputs deeplabv3plus_resnet50(Layers& l, ValueId x);
Outputs deeplabv3plus_resnet101(Layers& l, ValueId x);
Outputs detr_resnet50(Layers& l, ValueId x);
Outputs segformer_b0(Layers& l, ValueId x);
Outputs segformer_b1(Layers& l, ValueId x);
Outputs segformer_b2(Layers& l, ValueId x);
Outputs ssd_mobilenet_v1(Layers& l, ValueId x);
Outputs ssd_mobilenet_v2(Layers& l, ValueId x);
Outputs ssdlite_mobilenet_v2(Layers& l, ValueId x);
Outputs ssdlite_mobilenet_v3_large(Layers& l, ValueId x);
Outputs fcn_resnet50(Layers& l, ValueId x);
Outputs lraspp_mobilenet_v3_large(Layers& l, ValueId x);
Outputs unet(Layers& l, ValueId x);
Outputs unet_572(Layers& l, ValueId x);
Outputs stable_diffusion_1_unet(Layers& l, ValueId x);
Outputs stable_diffusion_2_unet(Layers& l, ValueId x);
Outputs sdxl_unet(Layers& l, ValueId x);
Outputs depth_anything_small(Layers& l, ValueId x);
Outputs depth_anything_base(Layers& l, ValueId x);
Outputs depth_anything_large(Layers& l, ValueId x);

// One block of a transformer encoder over [n, hidden, 1, length]: attention, then feed-forward,
// each behind a norm (ViT, Whisper).
ValueId encoder_block(Layers& l, ValueId x, std::int64_t heads, std::int64_t ffn);
// [n, c, h, w] in patches of p x p: [n, c p p, 1, h w / p p]. Permutations by the tile DMA.
ValueId patches(Layers& l, ValueId x, std::int64_t p);

}  // namespace ane::workloads::families
