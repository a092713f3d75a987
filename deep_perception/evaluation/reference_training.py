"""torchvision's own way to train, as its reference scripts go about it, in plain PyTorch."""

import math
from collections.abc import Callable
from typing import Any

import PIL.Image
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision import tv_tensors
from torchvision.models import get_model
from torchvision.transforms import v2

from deep_perception.config import TrainConfig
from deep_perception.data import targets
from deep_perception.data.dataset import Dataset as Folder
from deep_perception.models import Model
from deep_perception.models.classifier import Classifier


def reference(model: Model, folder: Folder, config: TrainConfig, rate: float) -> Callable[[], None]:
    """Return a call that trains a network like the model's own, with its weights, for an epoch; only flips augment."""
    classifies = isinstance(model, Classifier)
    network = _network(model).to(model.device).train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=rate, momentum=config.momentum, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    loader = DataLoader(
        Pictures(model, folder),
        batch_size=config.batch,
        shuffle=True,
        num_workers=config.workers,
        collate_fn=default_collate if classifies else _zipped,
        pin_memory=model.device.type == "cuda",
        persistent_workers=config.workers > 0,  # else an epoch as short as this would mostly start workers
        multiprocessing_context="forkserver" if config.workers else None,
    )
    loss_of = _class_loss if classifies else _box_loss

    def epoch() -> None:
        for images, truth in loader:
            loss = loss_of(network, images, truth, model.device)
            assert math.isfinite(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    return epoch


class Pictures(Dataset):
    """Pictures of a data set read by Pillow and prepared by torchvision's transforms, with what is true of them."""

    def __init__(self, model: Model, folder: Folder) -> None:
        self._paths = [folder.folder / record.image for record in folder.records]
        self._classifies = isinstance(model, Classifier)
        steps: list[Any] = [v2.RandomHorizontalFlip()]
        if isinstance(model, Classifier):
            prepare = model.preparation
            steps += [v2.Resize(prepare.resize, antialias=True), v2.CenterCrop(prepare.crop)]
        steps += [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]
        if isinstance(model, Classifier):
            steps += [v2.Normalize(prepare.mean, prepare.std)]
        self._transform = v2.Compose([*steps, v2.ToPureTensor()])
        self._truth = [targets.target_of(folder, record, model.task, model.labels) for record in folder.records]

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Any]:
        with PIL.Image.open(self._paths[index]) as file:
            picture = file.convert("RGB")
        truth: Any = self._truth[index]
        if self._classifies:
            return self._transform(picture), int(truth.labels[0])
        boxes = tv_tensors.BoundingBoxes(truth.boxes, format="XYXY", canvas_size=picture.size[::-1])
        image, told = self._transform(picture, {"boxes": boxes, "labels": torch.from_numpy(truth.labels)})
        return image, told


def _network(model: Model) -> nn.Module:
    options = {} if isinstance(model, Classifier) else {"weights_backbone": None}
    network: nn.Module = get_model(model.name, weights=None, num_classes=len(model.labels), **options)
    network.load_state_dict(model.network.state_dict())
    return network


def _box_loss(network: nn.Module, images: Any, truth: Any, device: torch.device) -> Tensor:
    told = [{name: value.to(device) for name, value in one.items()} for one in truth]
    losses: dict[str, Tensor] = network([image.to(device) for image in images], told)
    return torch.stack(list(losses.values())).sum()


def _class_loss(network: nn.Module, images: Tensor, truth: Tensor, device: torch.device) -> Tensor:
    scores = network(images.to(device))
    (scores.detach().argmax(1) == truth.to(device)).float().mean().item()  # the accuracy that it logs at each step
    return nn.functional.cross_entropy(scores, truth.to(device))


def _zipped(batch: Any) -> tuple[Any, ...]:
    return tuple(zip(*batch, strict=True))
