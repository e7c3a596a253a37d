"""Files: a checkpoint is one safetensors file, a run is a folder, and no file is ever half-written."""
