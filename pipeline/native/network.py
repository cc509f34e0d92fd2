"""A network's scores, losses and gradients by the native kernels, on one core."""

import ctypes
from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor

from pipeline.native.build import library
from pipeline.networks import mechanisms
from pipeline.networks.codes import output_codes
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

CONVOLUTION, SUBSAMPLING, FULL, RBF = range(4)
ACTIVATIONS = {None: 0, "scaled_tanh": 1, "relu": 2}
POOLING = {"trainable": 0, "stride": 1, "average": 2, "max": 3}
# Of the functions of kernels.c: what they return, then their arguments.
_int, _int64, _pointer = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p
SIGNATURES = {
    "workspace_bytes": (_int64, _pointer, _int),
    "run_batch": (
        None,
        *(_pointer, _int, _pointer, _int64, _pointer, _int, _int, _int, _pointer, _int),
        *(ctypes.c_float, _pointer, _pointer, _pointer, _pointer),
    ),
    "adam": (None, *[_pointer] * 4, _int64, ctypes.c_double, _int64),
}
INTS = ("kind", "activation", "pooling", "in_maps", "in_size", "out_maps", "out_size", "stride")


class NativeLayer(ctypes.Structure):
    """`Layer` of kernels.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in (*INTS, "per_position")),
        *((name, ctypes.c_void_p) for name in ("row", "source", "codes")),
        *((name, ctypes.c_int64) for name in ("weight", "bias")),
    )


def native_network(spec: NetworkSpec, device: torch.device) -> "NativeNetwork | None":
    """The kernels' version of a network.

    None on a GPU, without a compiler, and for mechanisms that the kernels lack: layers that see
    whole maps, and values that were added to the registry alone.
    """
    whole_maps = mechanisms.CONNECTIVITY[spec.connectivity].whole_maps
    known = spec.activation in ACTIVATIONS and spec.subsampling in ("none", *POOLING)
    if device.type != "cpu" or whole_maps or not known:
        return None
    kernels = library()
    return None if kernels is None else NativeNetwork(spec, kernels)


class NativeNetwork:
    """The network that `spec` describes, as functions of its parameters.

    Parameters are float32 [parameters], layer after layer as `networks.lenet5.build` has them.
    One object serves one thread: its calls share a workspace.
    """

    def __init__(self, spec: NetworkSpec, kernels: ctypes.CDLL) -> None:
        self.library = kernels
        sizes = summarize(spec)
        self.field = sizes.input.output_shape[-1]
        self.classes = prod(sizes.layers[-1].output_shape)
        self.kept: list[Tensor] = []  # what the layers point to
        layers = list(self._layers(spec, sizes.layers))
        self.layers = (NativeLayer * len(layers))(*layers)
        self.parameters = sum(layer.parameters for layer in sizes.layers)
        for name, (result, *arguments) in SIGNATURES.items():
            function = getattr(kernels, name)
            function.restype, function.argtypes = result, arguments
        self.workspace = torch.empty(kernels.workspace_bytes(self.layers, len(layers)) // 4)

    def scores(self, parameters: Tensor, images: Tensor) -> Tensor:
        """Scores [batch, classes] of uint8 images [batch, size, size]."""
        return self.compute_gradients(parameters, images, None, None)[0]

    def compute_gradients(
        self, parameters: Tensor, images: Tensor, labels: Tensor | None, j: float | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores [batch, classes], the mean loss [] and its gradient [parameters].

        The loss of an image is cross-entropy, or the MAP criterion (eq. 9) where `j` is given.
        Labels are int64 [batch]; without them nothing is written to loss and gradient.
        """
        batch, size = len(images), images.shape[-1]
        assert batch > 0
        assert size >= self.field, size
        parameters = _require(parameters, torch.float32, self.parameters)
        images = _require(images, torch.uint8, batch, size, size)
        labels = None if labels is None else _require(labels, torch.int64, batch)
        scores, loss = torch.empty(batch, self.classes), torch.empty(())
        gradient = torch.empty(self.parameters)
        self.library.run_batch(
            self.layers,
            len(self.layers),
            parameters.data_ptr(),
            self.parameters,
            images.data_ptr(),
            batch,
            size,
            self.field,
            None if labels is None else labels.data_ptr(),
            j is not None,
            j or 0.0,
            *(tensor.data_ptr() for tensor in (self.workspace, scores, loss, gradient)),
        )
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
        tensors = (parameters, gradient, mean, square)
        for tensor in tensors:
            assert tensor.is_contiguous(), tensor.stride()
            _require(tensor, torch.float32, self.parameters)
        pointers = (tensor.data_ptr() for tensor in tensors)
        self.library.adam(*pointers, self.parameters, rate, step)

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
            native.kind = CONVOLUTION
            native.stride = mechanisms.SUBSAMPLING[spec.subsampling].stride
            native.per_position = not mechanisms.CONNECTIVITY[spec.connectivity].shared
            starts = [0, *map(len, layer.table)]
            native.row = self._keep(torch.tensor(starts, dtype=torch.int32).cumsum(0).int())
            sources = [source for row in layer.table for source in row]
            native.source = self._keep(torch.tensor(sources, dtype=torch.int32))
        elif layer.name.startswith("s"):
            native.kind, native.pooling = SUBSAMPLING, POOLING[spec.subsampling]
        elif layer.name == "output" and mechanisms.OUTPUT[spec.output].codes:
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


def _require(tensor: Tensor, dtype: torch.dtype, *shape: int) -> Tensor:
    """The same values, contiguous."""
    assert tensor.dtype == dtype, tensor.dtype
    assert tensor.shape == shape, tensor.shape
    return tensor.contiguous()
