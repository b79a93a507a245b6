/// The version of braket-runner, as `--version` prints it and records name it.
package let runnerVersion = "0.1.0"
