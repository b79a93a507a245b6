import BraketService
import RunnerCore

extension BraketServiceError {
    /// What the process ends with when this ends a command.
    var exitCode: ExitCode {
        switch code {
        case .invalid: .usage
        case .deviceUnavailable: .deviceUnavailable
        case .unavailable, .notConfigured, .unreadable: .storageUnavailable
        case .notFound, .denied, .conflict, .quota: .refused
        }
    }
}
