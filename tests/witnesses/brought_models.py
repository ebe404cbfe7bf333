"""Twelve networks as people bring them: torchvision's, timm's, and two of torch.nn's own."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.foreign import foreign

torch = pytest.importorskip("torch")
nn = torch.nn


def torchvision(name: str) -> Callable[[], Any]:
    return lambda: getattr(foreign("torchvision.models"), name)(weights=None)


def timm(name: str) -> Callable[[], Any]:
    return lambda: foreign("timm").create_model(name)


class Words(nn.Module):
    """Embedding, two recurrent layers in both directions, a classifier of the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(1000, 64)
        self.lstm = nn.LSTM(64, 96, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(192, 10)

    def forward(self, image: Any) -> Any:
        words = (image[:, 0, 0] * 999).long().clamp(0, 999)
        return self.classifier(self.lstm(self.table(words))[0][:, -1])


class Translator(nn.Module):
    """nn.Transformer, encoder and decoder, between two embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(500, 64), nn.Embedding(500, 64)
        self.transformer = nn.Transformer(64, 4, 2, 2, 128, batch_first=True)
        self.words = nn.Linear(64, 500)

    def forward(self, image: Any) -> Any:
        words = (image[:, 0, 0] * 499).long().clamp(0, 499)
        made = words[:, :-3]
        mask = nn.Transformer.generate_square_subsequent_mask(made.shape[1])
        hidden = self.transformer(self.source(words), self.target(made), tgt_mask=mask)
        return self.words(hidden)


class UNet(nn.Module):
    """Down twice, up twice by transposed convolutions, with what was there before beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = self.pair(3, 8), self.pair(8, 16), self.pair(16, 32)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.up_again = nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1, bias=False)
        self.fourth, self.fifth = self.pair(32, 16), self.pair(16, 8)
        self.last = nn.Conv2d(8, 2, 1)

    @staticmethod
    def pair(inside: int, out: int) -> Any:
        return nn.Sequential(
            nn.Conv2d(inside, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=2, dilation=2), nn.GroupNorm(4, out), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, image: Any) -> Any:
        a = self.first(image)
        b = self.second(self.pool(a))
        c = self.third(self.pool(b))
        b = self.fourth(torch.cat([self.up(c), b], 1))
        return self.last(self.fifth(torch.cat([self.up_again(b), a], 1)))


# how it is made, and the side of its square image
TWELVE: dict[str, tuple[Callable[[], Any], int]] = {
    "ResNet18": (torchvision("resnet18"), 64),
    "EfficientNet-B0": (torchvision("efficientnet_b0"), 64),
    "ShuffleNetV2": (torchvision("shufflenet_v2_x1_0"), 64),
    "SqueezeNet": (torchvision("squeezenet1_1"), 64),
    "MNASNet": (torchvision("mnasnet1_0"), 64),
    "RegNet": (torchvision("regnet_y_400mf"), 64),
    "ConvNeXt-T": (torchvision("convnext_tiny"), 64),
    "ViT-S": (timm("vit_small_patch16_224"), 224),
    "Swin-T": (torchvision("swin_t"), 64),
    "LSTM": (Words, 16),
    "Transformer": (Translator, 16),
    "U-Net": (UNet, 32),
}
# the same families as the other of the two has them
OTHERS: dict[str, tuple[Callable[[], Any], int]] = {
    "timm ConvNeXt-T": (timm("convnext_tiny"), 64),
    "timm Swin-T": (timm("swin_tiny_patch4_window7_224"), 224),
    "torchvision ViT": (torchvision("vit_b_16"), 224),
    "timm EfficientNet-B0": (timm("efficientnet_b0"), 64),
    "timm RegNet": (timm("regnety_004"), 64),
}
