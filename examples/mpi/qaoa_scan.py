"""A scan of QAOA's two angles for MaxCut on a ring, shared among MPI ranks; each runs Braket's local simulator."""

import json
import math
import os

from braket.circuits import Circuit
from braket.devices import LocalSimulator
from mpi4py import MPI


def cost(gamma, beta, nodes, shots):
    """The mean number of edges that the bit strings of one circuit cut."""
    edges = [(node, (node + 1) % nodes) for node in range(nodes)]
    circuit = Circuit()
    for node in range(nodes):
        circuit.h(node)
    for left, right in edges:
        circuit.cnot(left, right).rz(right, gamma).cnot(left, right)
    for node in range(nodes):
        circuit.rx(node, 2 * beta)
    counts = LocalSimulator().run(circuit, shots=shots).result().measurement_counts
    cut = sum(count * sum(bits[a] != bits[b] for a, b in edges) for bits, count in counts.items())
    return cut / shots


def main(nodes: int, steps: int, shots: int):
    world = MPI.COMM_WORLD
    grid = [
        (math.pi * column / steps, math.pi / 2 * row / steps) for column in range(steps) for row in range(steps)
    ]
    own = [(cost(gamma, beta, nodes, shots), gamma, beta) for gamma, beta in grid[world.rank :: world.size]]
    print(f"rank {world.rank} of {world.size} on {os.environ['SM_CURRENT_HOST']}: {len(own)} of {len(grid)} points")
    best = world.allreduce(max(own, default=(-1.0, 0.0, 0.0)), op=MPI.MAX)
    total = world.reduce(len(own), op=MPI.SUM, root=0)
    if world.rank == 0:
        result = {"cut": best[0], "gamma": best[1], "beta": best[2], "points": total, "ranks": world.size}
        with open(os.path.join(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "scan.json"), "w") as file:
            json.dump(result, file)
        print(f"best cut {best[0]:.2f} of {nodes} at gamma {best[1]:.2f}, beta {best[2]:.2f}")
