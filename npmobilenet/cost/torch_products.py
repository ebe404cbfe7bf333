"""What PyTorch's operators multiply, at the level to which every program comes down.

However a product is written, as a module, a function or an operator, it is dispatched as one of a few
operators of aten.  These have their products here.  Of all others it is known that they multiply each
number once at most (PyTorch marks them as pointwise, or as views, or they are named below), or nothing
is known, and then they are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any

# reductions, poolings, normalisations, and what moves or makes numbers
_NAMES = """
    mean sum nansum amax amin max min argmax argmin var var_mean std std_mean norm
    linalg_vector_norm prod cumsum logcumsumexp logsumexp any all count_nonzero _log_softmax
    _softmax _safe_softmax softmax _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d
    adaptive_max_pool3d avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices
    max_pool2d fractional_max_pool2d upsample_nearest1d upsample_nearest2d upsample_nearest3d
    upsample_linear1d upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d
    _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d
    _upsample_bilinear2d_aa _upsample_bicubic2d_aa grid_sampler_2d grid_sampler_3d
    native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
    _batch_norm_no_update batch_norm native_layer_norm native_group_norm _fused_rms_norm
    cudnn_batch_norm miopen_batch_norm native_dropout bernoulli bernoulli_ _fused_dropout
    embedding embedding_renorm_ _embedding_bag _embedding_bag_forward_only one_hot bucketize
    searchsorted cat stack constant_pad_nd pad reflection_pad1d reflection_pad2d
    reflection_pad3d replication_pad1d replication_pad2d replication_pad3d index index_select
    index_put index_put_ _index_put_impl_ gather scatter scatter_ scatter_add scatter_add_
    index_add index_add_ index_fill index_copy masked_select masked_scatter masked_fill_ take
    nonzero where topk sort unique_dim _unique2 flip roll rot90 repeat repeat_interleave tril
    triu tril_ triu_ im2col col2im pixel_shuffle pixel_unshuffle channel_shuffle
    native_channel_shuffle copy_ _to_copy clone contiguous _unsafe_view _reshape_copy resize_
    set_ fill_ zero_ as_strided lift_fresh lift_fresh_copy lift detach detach_ item
    _local_scalar_dense equal is_same_size split_with_sizes_copy unsafe_split
    unsafe_split_with_sizes unsafe_chunk view_as_complex empty empty_like empty_strided
    new_empty new_empty_strided zeros zeros_like new_zeros ones ones_like new_ones full
    full_like new_full arange linspace eye scalar_tensor rand rand_like randn randn_like randint
    randperm uniform_ normal_ random_ hardswish_ relu_ _pack_padded_sequence
    _pad_packed_sequence _fake_quantize_per_tensor_affine_cachemask_tensor_qparams sym_size
    sym_numel _assert_async histc bincount _prelu_kernel rrelu_with_noise
    rrelu_with_noise_functional _weight_norm_interface glu log_sigmoid_forward hardtanh_
    _sparse_softmax _spdiags _shape_as_tensor
"""
HARMLESS = frozenset(_NAMES.split())


def name_of(operator: Any) -> str:
    """ "addmm" of aten's; of others' with what they belong to, "torchvision::deform_conv2d"."""
    space, _, name = operator._schema.name.partition("::")
    return name if space in ("aten", "prim", "prims") else f"{space}::{name}"


def products(name: str, inputs: Sequence[Any], output: Any) -> int | None:
    """How many products of a convolution or of matrices it makes; None of one that makes none.

    inputs: its arguments, tensors and others.  output: the tensor or tensors that it returned.
    """
    rule = _PRODUCTS.get(name)
    return None if rule is None else int(rule(inputs, output))


@cache
def harmless(operator: Any) -> bool:
    """Whether it is known to multiply each number once at most."""
    name = name_of(operator)
    if HARMLESS & {name, name.removesuffix("_")} or _marked(operator):
        return True
    plain = getattr(_torch().ops.aten, name.removesuffix("_"), None)  # which writes to a new place
    return (
        name.endswith("_") and plain is not None and _marked(getattr(plain, plain.overloads()[0]))
    )


def _marked(operator: Any) -> bool:
    return _torch().Tag.pointwise in operator.tags or bool(operator.is_view)


@cache
def _torch() -> Any:
    import torch

    return torch


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, list | tuple) else output


def _matrix(first: int) -> Callable[[Sequence[Any], Any], int]:
    """Every number of the output is a sum over the last axis of the operand at this place."""
    return lambda inputs, output: output.numel() * inputs[first].shape[-1]


def _convolution(inputs: Sequence[Any], output: Any) -> int:
    """Each place, of what goes in if it is transposed, meets the whole filter."""
    x, weight, transposed = inputs[0], inputs[1], len(inputs) > 6 and inputs[6] is True
    places = x if transposed else output
    batch = x.shape[0] if x.dim() == weight.dim() else 1
    return int(batch * weight.numel() * prod(places.shape[places.dim() - weight.dim() + 2 :]))


def _attention(inputs: Sequence[Any], _: Any) -> int:
    """Queries (..., L, E) with keys (..., S, E), then weights with values (..., S, V)."""
    query, key, value = inputs[:3]
    return int(prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1]))


def _recurrent_layer(inputs: Sequence[Any], _: Any) -> int:
    """Each step of (T, N, features) meets the weights of the input and of the state."""
    x, of_input, of_state = inputs[:3]
    return int(x.shape[0] * x.shape[1] * (of_input.numel() + of_state.numel()))


_PRODUCTS: dict[str, Callable[[Sequence[Any], Any], int]] = {
    "mm": _matrix(0),
    "bmm": _matrix(0),
    "mv": _matrix(0),
    "dot": lambda inputs, _: inputs[0].numel(),
    "vdot": lambda inputs, _: inputs[0].numel(),
    "addmm": _matrix(1),
    "addmm_": _matrix(1),
    "_addmm_activation": _matrix(1),
    "baddbmm": _matrix(1),
    "baddbmm_": _matrix(1),
    "addbmm": lambda inputs, _: inputs[1].numel() * inputs[2].shape[-1],
    "addmv": _matrix(1),
    "addr": lambda _, output: output.numel(),
    "_int_mm": _matrix(0),
    "_scaled_mm": _matrix(0),
    "linear": _matrix(0),
    "mkldnn_linear": _matrix(0),
    "convolution": _convolution,
    "_convolution": _convolution,
    "convolution_overrideable": _convolution,
    "cudnn_convolution": _convolution,
    "mkldnn_convolution": _convolution,
    "_slow_conv2d_forward": _convolution,
    "slow_conv3d": _convolution,
    "_conv_depthwise2d": _convolution,
    "mkldnn_rnn_layer": _recurrent_layer,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_flash_attention": _attention,
    "_scaled_dot_product_efficient_attention": _attention,
    "_scaled_dot_product_cudnn_attention": _attention,
    "_scaled_dot_product_fused_attention_overrideable": _attention,
    "_trilinear": lambda inputs, output: output.numel() * _trilinear_terms(inputs),
}


def _trilinear_terms(inputs: Sequence[Any]) -> int:
    """nn.Bilinear: x (N, 1, 1, i), weight (1, o, i, j) and y: two products for each weight."""
    return 2 * int(inputs[1].shape[-1] * inputs[1].shape[-2])
