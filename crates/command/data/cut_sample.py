"""Cuts one layer and the first tokens out of a trained router: how `e160k6-noaux/` was made.

    python cut_sample.py SOURCE TARGET [--layer 3] [--tokens 4096]

SOURCE holds router.safetensors, hidden.safetensors and config.json; names, types and bits of the
tensors are kept. Needs numpy and safetensors. The output is the same bytes on every run.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

from safetensors.numpy import load_file, save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--layer", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=4096)
    options = parser.parse_args()

    prefix = f"model.layers.{options.layer}.mlp.gate."
    options.target.mkdir(parents=True, exist_ok=True)
    for name, wanted in (("router", prefix + "weight"), ("hidden", prefix + "input")):
        tensor = load_file(options.source / f"{name}.safetensors")[wanted]
        if name == "hidden":
            if len(tensor) < options.tokens:
                parser.error(f"{wanted} has {len(tensor)} tokens, fewer than {options.tokens}")
            tensor = tensor[: options.tokens].copy()
        save_file({wanted: tensor}, options.target / f"{name}.safetensors")
    shutil.copyfile(options.source / "config.json", options.target / "config.json")

    for name in ("router.safetensors", "hidden.safetensors", "config.json"):
        path = options.target / name
        path.chmod(0o644)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{digest}  {name}  ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
