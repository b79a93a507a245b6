"""MaxCut by QAOA on the local simulator, with a checkpoint after each iteration.

A weighted graph's cut is largest where the energy sum(w_ij Z_i Z_j) is smallest. QAOA prepares a state from
2 * n_layers angles; a classical optimiser (Adam) moves the angles down the gradient of the energy.
"""

import json
from pathlib import Path

import numpy as np
from braket.circuits import Circuit, FreeParameter
from braket.devices import LocalSimulator
from braket.jobs import get_input_data_dir, load_job_checkpoint, save_job_checkpoint, save_job_result
from braket.jobs.metrics import log_metric


def main(n_layers: int = 2, iterations: int = 20, stepsize: float = 0.1, seed: int = 1967, shots: int = 0):
    """Runs so many iterations more than the checkpoint has behind it. No shots: exact expectation values."""
    nodes, edges = load_graph(Path(get_input_data_dir("graph")) / "graph.json")
    problem = Problem(nodes, edges, n_layers, shots)
    print(f"graph: {nodes} nodes, {len(edges)} edges; QAOA: {n_layers} layers, {iterations} iterations")

    state = load_state(problem, seed)
    resumed_from = state["iteration"]
    if resumed_from:
        print(f"resumed from iteration {resumed_from}, energy {state['best_energy']:.6f}")

    optimiser = Adam(stepsize, state)
    for iteration in range(resumed_from + 1, resumed_from + iterations + 1):
        optimiser.step(problem.gradient(optimiser.angles))
        energy = problem.energy(optimiser.angles)
        log_metric(metric_name="energy", value=energy, iteration_number=iteration)
        if energy < state["best_energy"]:
            state.update(best_energy=energy, best_angles=optimiser.angles.tolist())
        state.update(iteration=iteration, **optimiser.state())
        save_job_checkpoint(state)

    bitstring, cut = problem.best_cut(np.array(state["best_angles"]))
    print(f"energy {state['best_energy']:.6f} after {state['iteration']} iterations; {bitstring} cuts {cut:g}")
    save_job_result(
        {
            "energy": state["best_energy"],
            "bitstring": bitstring,
            "cut": cut,
            "angles": state["best_angles"],
            "iterations": state["iteration"],
            "resumed_from_iteration": resumed_from,
        }
    )


def load_graph(path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    edges = [(i, j, float(weight)) for i, j, weight in graph["edges"]]
    return graph["nodes"], edges


def load_state(problem, seed):
    try:
        state = load_job_checkpoint()
        if state["problem"] == problem.description:
            return state
        print("the checkpoint is of another graph or circuit: starting anew")
    except FileNotFoundError:
        pass
    angles = np.random.default_rng(seed).uniform(0, 0.5, 2 * problem.n_layers)
    state = {
        "problem": problem.description,
        "iteration": 0,
        "best_energy": problem.energy(angles),
        "best_angles": angles.tolist(),
    }
    return {**state, **Adam.begin(angles)}


class Problem:
    def __init__(self, nodes, edges, n_layers, shots):
        self.nodes, self.edges, self.n_layers, self.shots = nodes, edges, n_layers, shots
        self.description = {"nodes": nodes, "edges": [list(edge) for edge in edges], "n_layers": n_layers}
        self.device = LocalSimulator("braket_sv")
        self.circuit = self.ansatz().probability()
        # The energy is diagonal: one number for each bit string, most significant bit first.
        spins = 1 - 2 * (np.arange(2**nodes)[:, np.newaxis] >> np.arange(nodes)[::-1] & 1)
        self.energies = sum(weight * spins[:, i] * spins[:, j] for i, j, weight in edges)

    def ansatz(self):
        circuit = Circuit().h(range(self.nodes))
        for layer in range(self.n_layers):
            for i, j, weight in self.edges:
                circuit.zz(i, j, weight * FreeParameter(f"gamma{layer}"))
            circuit.rx(range(self.nodes), FreeParameter(f"beta{layer}"))
        return circuit

    def probabilities(self, angles):
        names = [f"{name}{layer}" for name in ("gamma", "beta") for layer in range(self.n_layers)]
        inputs = dict(zip(names, map(float, angles)))
        return self.device.run(self.circuit, shots=self.shots, inputs=inputs).result().values[0]

    def energy(self, angles):
        return float(self.probabilities(angles) @ self.energies)

    def gradient(self, angles):
        """Central differences, wide enough for the noise of shots."""
        width = 0.2 if self.shots else 1e-4
        steps = width * np.eye(len(angles))
        return np.array([(self.energy(angles + s) - self.energy(angles - s)) / (2 * width) for s in steps])

    def best_cut(self, angles):
        """The largest cut among the 16 likeliest bit strings."""
        # Rounded: a bit string and its complement are equally likely, and the last digit must not choose.
        likeliest = np.argsort(-np.round(self.probabilities(angles), 9), kind="stable")[:16]
        best = min(likeliest, key=lambda index: self.energies[index])
        bits = format(best, f"0{self.nodes}b")
        return bits, float(sum(weight for i, j, weight in self.edges if bits[i] != bits[j]))


class Adam:
    """Kingma and Ba, https://arxiv.org/abs/1412.6980; its moments are part of the checkpoint."""

    def __init__(self, stepsize, state):
        self.stepsize = stepsize
        self.angles, self.mean, self.square = (np.array(state[key]) for key in ("angles", "mean", "square"))
        self.steps = state["iteration"]

    @staticmethod
    def begin(angles):
        zeros = [0.0] * len(angles)
        return {"angles": angles.tolist(), "mean": zeros, "square": zeros}

    def step(self, gradient):
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        mean, square = self.mean / (1 - 0.9**self.steps), self.square / (1 - 0.999**self.steps)
        self.angles = self.angles - self.stepsize * mean / (np.sqrt(square) + 1e-8)

    def state(self):
        return {"angles": self.angles.tolist(), "mean": self.mean.tolist(), "square": self.square.tolist()}


if __name__ == "__main__":
    main()
