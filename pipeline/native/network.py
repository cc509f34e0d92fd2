"""A network's scores, losses and gradients by the native kernels, on one core."""

import ctypes
from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor

from pipeline.native.build import library
from pipeline.networks.codes import output_codes
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import conv_stride, summarize

CONVOLUTION, SUBSAMPLING, FULL, RBF = range(4)
ACTIVATIONS = {None: 0, "scaled_tanh": 1, "relu": 2}
MOST_LAYERS = 62
POOLING = {"trainable": 0, "stride": 1, "average": 2, "max": 3}


class NativeLayer(ctypes.Structure):
    """`Layer` of kernels.c."""

    _fields_ = (
        ("kind", ctypes.c_int32),
        ("activation", ctypes.c_int32),
        ("pooling", ctypes.c_int32),
        ("in_maps", ctypes.c_int32),
        ("in_size", ctypes.c_int32),
        ("out_maps", ctypes.c_int32),
        ("out_size", ctypes.c_int32),
        ("stride", ctypes.c_int32),
        ("per_position", ctypes.c_int32),
        ("row", ctypes.c_void_p),
        ("source", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
        ("weight", ctypes.c_int64),
        ("bias", ctypes.c_int64),
    )


def native_network(spec: NetworkSpec, device: torch.device) -> "NativeNetwork | None":
    """The kernels' version of a network.

    None on a GPU, without a compiler, and for layers that see whole maps: for these the kernels
    have none.
    """
    if device.type != "cpu" or (spec.connectivity == "full" and not spec.hidden_sizes):
        return None
    kernels = library()
    return None if kernels is None else NativeNetwork(spec, kernels)


class NativeNetwork:
    """The network that `spec` describes, as functions of its parameters.

    Parameters are float32 [parameters], layer after layer as `networks.lenet5.build` has them.
    """

    def __init__(self, spec: NetworkSpec, kernels: ctypes.CDLL) -> None:
        self.library = kernels
        sizes = summarize(spec)
        self.field = sizes.input.output_shape[-1]
        self.classes = prod(sizes.layers[-1].output_shape)
        self.kept: list[Tensor] = []  # what the layers point to
        layers = list(self._layers(spec, sizes.layers))
        assert len(layers) <= MOST_LAYERS
        self.layers = (NativeLayer * len(layers))(*layers)
        self.parameters = sum(layer.parameters for layer in sizes.layers)
        kernels.workspace_bytes.restype = ctypes.c_int64
        size = kernels.workspace_bytes(self.layers, len(self.layers))
        self.workspace = torch.empty(size // 4)

    def scores(self, parameters: Tensor, images: Tensor) -> Tensor:
        """Scores [batch, classes] of uint8 images [batch, size, size]."""
        scores = torch.empty(len(images), self.classes)
        self._run(parameters, images, None, None, scores, None, None)
        return scores

    def descend(
        self, parameters: Tensor, images: Tensor, labels: Tensor, j: float | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores [batch, classes], the mean loss [] and its gradient [parameters].

        The loss of an image is cross-entropy, or the MAP criterion (eq. 9) where `j` is given.
        Labels are int64 [batch].
        """
        scores = torch.empty(len(images), self.classes)
        loss = torch.empty(())
        gradient = torch.empty(self.parameters)
        self._run(parameters, images, labels, j, scores, loss, gradient)
        return scores, loss, gradient

    def adam(
        self,
        parameters: Tensor,
        gradient: Tensor,
        mean: Tensor,
        square: Tensor,
        *,
        rate: float,
        step: int,
    ) -> None:
        """A step of Adam in place; `mean` and `square` are its moments, `step` counts from 1."""
        self.library.adam(
            *map(_pointer, (parameters, gradient, mean, square)),
            ctypes.c_int64(self.parameters),
            ctypes.c_double(rate),
            ctypes.c_int64(step),
        )

    def _run(
        self,
        parameters: Tensor,
        images: Tensor,
        labels: Tensor | None,
        j: float | None,
        scores: Tensor,
        loss: Tensor | None,
        gradient: Tensor | None,
    ) -> None:
        assert parameters.dtype == torch.float32
        assert parameters.shape == (self.parameters,)
        assert images.dtype == torch.uint8
        assert len(images)
        if labels is not None:
            assert labels.dtype == torch.int64
            assert len(labels) == len(images)
        parameters, images = parameters.contiguous(), images.contiguous()
        self.library.run_batch(
            self.layers,
            len(self.layers),
            _pointer(parameters),
            ctypes.c_int64(self.parameters),
            _pointer(images),
            len(images),
            images.shape[-1],
            self.field,
            _pointer(labels),
            j is not None,
            ctypes.c_float(j or 0.0),
            _pointer(self.workspace),
            _pointer(scores),
            _pointer(loss),
            _pointer(gradient),
        )

    def _layers(self, spec: NetworkSpec, layers: tuple[Layer, ...]) -> Iterator[NativeLayer]:
        start = 0
        for layer in layers:
            native = NativeLayer(activation=ACTIVATIONS[layer.activation], stride=1)
            native.in_maps, native.in_size = _maps(layer.input_shape)
            native.out_maps, native.out_size = _maps(layer.output_shape)
            self._fill(native, spec, layer)
            # A layer's weights come first, then a bias for each of its units or maps.
            biases = _num_biases(native, layer)
            native.weight, native.bias = start, start + layer.parameters - biases
            start += layer.parameters
            yield native

    def _fill(self, native: NativeLayer, spec: NetworkSpec, layer: Layer) -> None:
        if layer.table is not None:
            native.kind, native.stride = CONVOLUTION, conv_stride(spec)
            native.per_position = spec.connectivity != "shared"
            starts = [0, *map(len, layer.table)]
            native.row = self._keep(torch.tensor(starts, dtype=torch.int32).cumsum(0).int())
            sources = [source for row in layer.table for source in row]
            native.source = self._keep(torch.tensor(sources, dtype=torch.int32))
        elif layer.name.startswith("s"):
            native.kind, native.pooling = SUBSAMPLING, POOLING[spec.subsampling]
        elif layer.name == "output" and spec.output == "rbf":
            native.kind, native.codes = RBF, self._keep(output_codes())
        else:
            native.kind = FULL

    def _keep(self, tensor: Tensor) -> int:
        self.kept.append(tensor)
        return tensor.data_ptr()


def _maps(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many maps, and the side of one; units without maps are maps of one unit."""
    return (shape[0], shape[-1]) if len(shape) == 3 else (prod(shape), 1)


def _num_biases(native: NativeLayer, layer: Layer) -> int:
    if not layer.parameters:
        return 0
    shared = native.kind == SUBSAMPLING or (native.kind == CONVOLUTION and not native.per_position)
    return native.out_maps if shared else prod(layer.output_shape)


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p | None:
    return None if tensor is None else ctypes.c_void_p(tensor.data_ptr())
