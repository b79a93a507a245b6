import FoundationEssentials
import RunnerCore
import Testing

/// Where the shared test suites are: `$BRAKET_SUITES`, else `shared/suites` beside the repository.
enum Suites {
    /// What is said of tests whose folder is absent.
    static let absent: Comment = "skipped: no shared suites; set BRAKET_SUITES to their folder"

    private static let root: String = {
        if let folder = ProcessInfo.processInfo.environment["BRAKET_SUITES"] { return folder }
        // The sources may be reached through a link, beside which there are no suites.
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        return file.path.split(separator: "/").dropLast(4).map { "/\($0)" }.joined() + "/shared/suites"
    }()

    /// The names in a folder; none when it is absent.
    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.filter { $0 != "SOURCE.txt" }.sorted()
    }

    /// A file's content; nil when there is no such file.
    static func bytes(_ file: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(root)/\(file)").map(Array.init)
    }

    /// A file's JSON; null when the file is absent.
    static func json(_ file: String) -> JSONValue {
        guard let bytes = bytes(file) else { return .null }
        do {
            return try JSONText.parse(bytes)
        } catch {
            Issue.record("\(file): \(error)")
            return .null
        }
    }

    /// The rows of a table of credentials-tables, as arguments of a test.
    static func table(_ name: String) -> [Row] {
        let value = json("credentials-tables/\(name).json")
        let list = value.arrayValue ?? value.objectValue?["tests"]?.arrayValue ?? []
        let rows = list.compactMap(\.objectValue).map(Row.init)
        if !rows.isEmpty { print("\(name): \(counted(rows.count, "row"))") }
        return rows
    }
}

/// One row of a table, shown by its name.
struct Row: Sendable, CustomTestStringConvertible {
    /// What the row says.
    let object: JSONObject

    /// The row's name or what it says of itself.
    var testDescription: String { object["name"]?.stringValue ?? object["docs"]?.stringValue ?? "row" }

    /// A text of the row.
    func text(_ name: String) throws -> String {
        try #require(object[name]?.stringValue, "no text \(name)")
    }

    /// An object in the row; empty when there is none.
    func row(_ name: String) -> Row { Row(object: object[name]?.objectValue ?? JSONObject()) }

    /// Whether the row has a member that is not null.
    func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

    /// The members that are texts.
    var texts: [String: String] {
        Dictionary(
            object.members.compactMap { member in member.value.stringValue.map { (member.name, $0) } },
            uniquingKeysWith: { $1 }
        )
    }
}
