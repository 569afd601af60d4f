"""Patch embeddings against a plain cut of the image, and a whole ViT against transformers."""

import pytest
import torch

from harness.tasks.registry import build_task
from part_checks import CLOSE, assert_certified
from specs import build, distance, encoder_spec, part
from variants.builder import build_model
from variants.encode import encode

PATCH = {"kind": "patch", "image_size": 8, "patch_size": 2, "channels": 3}


def vit(**options):
    attention = {"kind": "softmax", "bias": "qkvo"}
    feed_forward = {"kind": "mlp", "bias": True, "activation": "gelu"}
    head = {"kind": "classifier", "pool": "first"}
    return encoder_spec(
        [{"attention": attention}, {"ffn": feed_forward}],
        position="learned",
        norm={"kind": "layer_norm", "eps": 1e-12},
        model={
            "embedding": {**PATCH, **options},
            "head": head,
            "context_length": 17 + ("distillation_token" in options),
        },
    )


def images(batch=2):
    return torch.randn(batch, 3, 8, 8, dtype=torch.float64)


@pytest.mark.parametrize(
    "options", [{}, {"distillation_token": True}, {"class_token": False, "norm": "layer_norm", "bias": False}]
)
def test_vit_passes_the_certificate(options):
    assert_certified(vit(**options))


def test_patches_are_cut_row_by_row_and_projected():
    model = build(vit(class_token=False))
    x = images()
    weight, bias = model.embedding.project.weight.reshape(32, 12), model.embedding.project.bias
    corners = [(row, column) for row in range(0, 8, 2) for column in range(0, 8, 2)]
    patches = torch.stack([x[:, :, r : r + 2, c : c + 2].reshape(2, 12) for r, c in corners], 1)
    expected = patches @ weight.T + bias + model.encoder.positions[0].table.weight[:16]
    seen = []
    model.encoder.blocks[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model(x)
    assert distance(seen[0], expected) < CLOSE


def test_vit_equals_the_one_of_transformers():
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40}
    config = transformers.ViTConfig(**sizes, image_size=8, patch_size=2, num_channels=3, num_labels=5)
    theirs, ours = transformers.ViTForImageClassification(config).eval().double(), build(vit())
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        copy_vit(theirs.state_dict(), ours)
    x = images()
    assert distance(ours(x), theirs(x).logits) < CLOSE


def copy_vit(given, ours):
    """Tensors of transformers' ViT by name into ours."""
    embedding, encoder = ours.embedding, ours.encoder
    embedding.class_token.copy_(given["vit.embeddings.cls_token"][0])
    encoder.positions[0].table.weight.copy_(given["vit.embeddings.position_embeddings"][0])
    pairs = {"vit.embeddings.patch_embeddings.projection": embedding.project, "classifier": ours.head.project}
    pairs["vit.layernorm"] = encoder.scheme.final_norm
    for i, block in enumerate(encoder.blocks):
        attention, ffn, layer = block.branches["attention"], block.branches["ffn"], f"vit.layers.{i}"
        for leaf in ("weight", "bias"):
            qkv = [given[f"{layer}.attention.{letter}_proj.{leaf}"] for letter in "qkv"]
            getattr(attention.qkv, leaf).copy_(torch.cat(qkv))
        pairs[f"{layer}.attention.o_proj"] = attention.o
        pairs[f"{layer}.mlp.fc1"], pairs[f"{layer}.mlp.fc2"] = ffn.up, ffn.down
        for name, joint in zip(("before", "after"), block.joints, strict=True):
            pairs[f"{layer}.layernorm_{name}"] = joint.norms[0]
    for name, module in pairs.items():
        module.weight.copy_(given[f"{name}.weight"])
        module.bias.copy_(given[f"{name}.bias"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": 3}, "does not divide"),
        ({"patch_size": 1}, "takes 65 slots"),
        ({"class_token": False, "distillation_token": True}, "stands after the class token"),
    ],
)
def test_a_patch_embedding_refuses_what_it_cannot_honour(options, message):
    with pytest.raises(ValueError, match=message):
        build_model(vit(**options))


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(B, 3, 8, 8\)"):
        build(vit())(torch.randn(2, 3, 8, 6, dtype=torch.float64))


@pytest.mark.parametrize(("class_token", "slots", "pool"), [(True, 17, "first"), (False, 16, "mean")])
def test_the_image_task_makes_room_for_a_class_token_and_reads_it(class_token, slots, pool):
    task = build_task({"kind": "image_classification"})
    spec = task.adapt(vit(class_token=class_token))
    assert (spec["context_length"], spec["head"]["pool"]) == (slots, pool)
    batch = task.batch(seed=0, step=0, batch_size=2)
    logits = build_model(spec)(torch.from_numpy(batch.inputs["tokens"]))
    assert logits.shape == (2, spec["head"]["n_classes"])


def test_the_image_task_keeps_a_head_that_reads_both_tokens():
    spec = vit(distillation_token=True)
    spec = build_task({"kind": "image_classification"}).adapt(
        {**spec, "head": part("head", "distilled", n_classes=1000)}
    )
    assert (spec["context_length"], spec["head"]) == (18, {"kind": "distilled", "n_classes": 10, "bias": True})


def test_a_distilled_head_averages_what_the_first_two_slots_give():
    images = part("embedding", "patch", image_size=8, patch_size=4, distillation_token=True)
    model = build(encoder_spec(model={"head": part("head", "distilled"), "embedding": images}))
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    hidden, head = encode(model, images), model.head
    assert distance(model(images), (head.project(hidden[:, 0]) + head.distilled(hidden[:, 1])) / 2) < CLOSE


def test_a_distilled_head_is_refused_where_no_token_is_distilled():
    with pytest.raises(ValueError, match="it puts 0 before the input; allowed: patch with"):
        build(encoder_spec(model={"head": part("head", "distilled")}))
