import AWSEndpoints
package import BraketAPI
import RunnerCore

extension StoreSettings {
    /// Reads the options about the object store.
    ///
    /// - Parameter options: The options as texts.
    /// - Returns: The settings, with defaults in place of what is wrong, and everything that is wrong.
    package static func read(_ options: StoreOptions) -> (settings: StoreSettings, problems: [Problem]) {
        var reader = StoreOptionReader()
        var settings = StoreSettings()
        settings.region = options.region?.text
        settings.endpoint = reader.endpoint(options.endpointURL)
        settings.addressing = reader.choice(options.addressing)
        settings.payloadSigning = reader.choice(options.payloadSigning)
        settings.expectedBucketOwner = reader.accountNumber(options.expectedBucketOwner)
        settings.storageClass = options.storageClass?.text
        settings.tags = reader.tags(options.tags)
        settings.connections = reader.number(options.connections, 1...1024)
        settings.bufferBytes = reader.number(options.bufferBytes, 16 << 20...1 << 40)
        settings.stallSeconds = reader.number(options.stallTimeout, 1...3600) ?? settings.stallSeconds
        return (settings, reader.problems)
    }
}

/// Reads texts and collects what is wrong with them.
private struct StoreOptionReader {
    var problems: [Problem] = []

    mutating func endpoint(_ option: OptionValue?) -> EndpointAddress? {
        guard let option else { return nil }
        do {
            return try EndpointAddress.parse(option.text)
        } catch {
            // Without the text, which may hold a password.
            problems.append(Problem(path: option.source, message: error.description))
            return nil
        }
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ option: OptionValue?) -> Choice? {
        guard let option else { return nil }
        if let choice = Choice(rawValue: option.text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        report(option, "must be \(names.dropLast().joined(separator: ", ")) or \(names.last ?? "")")
        return nil
    }

    mutating func number(_ option: OptionValue?, _ range: ClosedRange<Int>) -> Int? {
        guard let option else { return nil }
        if let number = Int(option.text), range.contains(number) { return number }
        report(option, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    mutating func accountNumber(_ option: OptionValue?) -> String? {
        guard let option else { return nil }
        let digits = option.text.utf8
        if digits.count == 12, digits.allSatisfy({ (0x30...0x39).contains($0) }) { return option.text }
        report(option, "must be an account's number of 12 digits")
        return nil
    }

    /// S3 takes at most ten, with names of 128 and values of 256 characters.
    mutating func tags(_ options: [OptionValue]) -> [StoreSettings.Tag] {
        var tags: [StoreSettings.Tag] = []
        for option in options {
            let parts = option.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, (1...128).contains(parts[0].count), parts[1].count <= 256 {
                tags.append(StoreSettings.Tag(key: String(parts[0]), value: String(parts[1])))
            } else {
                report(option, "must be NAME=VALUE with at most 128 and 256 characters")
            }
        }
        if tags.count > 10, let last = options.last { report(last, "is one of more than 10 tags") }
        return tags
    }

    private mutating func report(_ option: OptionValue, _ message: String) {
        problems.append(Problem(path: option.source, value: .string(option.text), message: message))
    }
}
