"""Stands where today's images have their harness, and hands the job to braket-runner.

SAGEMAKER_PROGRAM names this file, so whoever starts a Braket image finds the runner: the SDK's local mode runs
`python braket_container.py`, and sagemaker-training's `train` does the same. Arguments are left out: the toolkit repeats
hyperparameters there that the runner reads from their file.
"""

import os

os.execvp("braket-runner", ["braket-runner", "run"])
