"""A tiny OmniGen with random weights, saved as the real one is: ``python -I tiny_omnigen.py FOLDER``.

Runs in the environment of OmniGen. Its parts are those of the real pipeline; only their sizes are not.
"""

import sys

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    OmniGenPipeline,
    OmniGenTransformer2DModel,
)
from transformers import LlamaTokenizer


def tokenizer() -> LlamaTokenizer:
    """Of Llama's kind, with no word but the 256 bytes."""
    special = ["<unk>", "<s>", "</s>"]
    tokens = special + [f"<0x{byte:02X}>" for byte in range(256)]
    return LlamaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])


def main() -> None:
    torch.manual_seed(0)
    transformer = OmniGenTransformer2DModel(
        hidden_size=16,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=32,
        num_layers=1,
        pad_token_id=2,
        vocab_size=259,
        in_channels=4,
        time_step_dim=4,
        rope_scaling={"long_factor": [1, 2], "short_factor": [1, 2]},
    )
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=1,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
    )
    pipeline = OmniGenPipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, tokenizer=tokenizer()
    )
    pipeline.save_pretrained(sys.argv[1], safe_serialization=True)


main()
