"""all-MiniLM-L6-v2 as ONNX, straight from its safetensors: what an export followed by
onnxruntime's transformer optimiser gives, without PyTorch.

The graph is written in the fused operators that the optimiser would put there (EmbedLayerNormalization,
Attention, SkipLayerNormalization, BiasGelu), takes one unpadded text and so needs no mask, and pools
and normalises inside, so that a call returns the vector. int8 is onnxruntime's own dynamic
quantisation, per output channel.
"""

import os
import pathlib
import sys

import numpy as np

LAYERS, HIDDEN, HEADS, EPSILON = 6, 384, 12, 1e-12
FUSED = "com.microsoft"


def build(safetensors, target):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import load_file

    weights = load_file(safetensors)
    constants, nodes = [], []

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def tensor(name):
        return weights[name].astype(np.float32)

    def node(kind, inputs, output, domain=FUSED, **attributes):
        outputs = [output] if isinstance(output, str) else output
        nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **attributes))
        return outputs[0]

    # One text is one segment, so its row is added to the positions once and for all.
    positions = tensor("embeddings.position_embeddings.weight") + tensor("embeddings.token_type_embeddings.weight")[0]
    x = node(
        "EmbedLayerNormalization",
        ["ids", "", constant("words", tensor("embeddings.word_embeddings.weight")), constant("positions", positions),
         "", constant("e.gamma", tensor("embeddings.LayerNorm.weight")),
         constant("e.beta", tensor("embeddings.LayerNorm.bias"))],
        ["embedded", "unused_mask"], epsilon=EPSILON,
    )
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."

        def dense(part, name):
            return tensor(at + part + ".weight").T, tensor(at + part + ".bias")

        def normalised(inputs, part, bias, output):
            gamma = constant(output + ".gamma", tensor(at + part + ".LayerNorm.weight"))
            beta = constant(output + ".beta", tensor(at + part + ".LayerNorm.bias"))
            return node("SkipLayerNormalization", [*inputs, gamma, beta, bias], output, epsilon=EPSILON)

        heads = [dense(f"attention.self.{part}", part) for part in ("query", "key", "value")]
        name = f"l{layer}"
        mixed = node(
            "Attention",
            [x, constant(name + ".qkv.w", np.concatenate([w for w, _ in heads], axis=1)),
             constant(name + ".qkv.b", np.concatenate([b for _, b in heads]))],
            name + ".attention", num_heads=HEADS,
        )
        w, b = dense("attention.output.dense", "out")
        out = node("MatMul", [mixed, constant(name + ".out.w", w)], name + ".out", domain="")
        x = normalised([out, x], "attention.output", constant(name + ".out.b", b), name + ".attended")
        w, b = dense("intermediate.dense", "up")
        up = node("MatMul", [x, constant(name + ".up.w", w)], name + ".up", domain="")
        active = node("BiasGelu", [up, constant(name + ".up.b", b)], name + ".active")
        w, b = dense("output.dense", "down")
        down = node("MatMul", [active, constant(name + ".down.w", w)], name + ".down", domain="")
        x = normalised([down, x], "output", constant(name + ".down.b", b), name + ".done")
    pooled = node("ReduceMean", [x, constant("axis", np.array([1], np.int64))], "pooled", domain="", keepdims=0)
    node("LpNormalization", [pooled], "vector", domain="", axis=-1, p=2)

    graph = helper.make_graph(
        nodes, "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, [1, "tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, HIDDEN])],
        constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(FUSED, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), target)


def quantise(source, target):
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, per_channel=True, reduce_range=False, weight_type=QuantType.QInt8,
                     op_types_to_quantize=["MatMul", "Attention"],
                     extra_options={"DefaultTensorType": TensorProto.FLOAT})


def prepare(safetensors, folder):
    """Both models, made once; returns their paths by precision."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"f32": folder / "minilm-f32.onnx", "int8": folder / "minilm-int8.onnx"}
    for precision, make in (("f32", lambda to: build(safetensors, to)), ("int8", lambda to: quantise(str(paths["f32"]), to))):
        if not paths[precision].exists():
            aside = folder / f".{precision}.onnx"
            make(str(aside))
            os.replace(aside, paths[precision])
    return paths


def check(paths, parity, tokenizer):
    """Cosines of both models to the repository's float64 reference vectors; refuses a wrong graph."""
    from peer import OnnxEmbedder

    reference = np.fromfile(pathlib.Path(parity) / "reference.f32", "<f4").reshape(-1, HIDDEN)
    sentences = (pathlib.Path(parity) / "sentences.txt").read_text("utf-8").splitlines()
    found = {}
    for precision, least in (("f32", 0.99999), ("int8", 0.98)):
        embedder = OnnxEmbedder(str(paths[precision]), tokenizer)
        cosines = [float(embedder.embed(text) @ row) for text, row in zip(sentences, reference)]
        found[precision] = {"median": float(np.median(cosines)), "least": min(cosines)}
        if min(cosines) < least:
            sys.exit(f"onnxruntime {precision}: cosine {min(cosines):.5f} to the reference, expected {least} or more")
    return found
