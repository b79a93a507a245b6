"""A Bell pair on the local simulator: the smallest hybrid job that returns a result."""

from braket.circuits import Circuit
from braket.devices import LocalSimulator
from braket.jobs import get_hyperparameters, save_job_result


def main():
    shots = int(get_hyperparameters().get("shots", "1000"))
    circuit = Circuit().h(0).cnot(0, 1)
    counts = dict(LocalSimulator("braket_sv").run(circuit, shots=shots).result().measurement_counts)

    print(circuit)
    print("counts:", dict(sorted(counts.items())))
    save_job_result({"shots": shots, "counts": counts})


if __name__ == "__main__":
    main()
