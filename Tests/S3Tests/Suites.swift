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

    /// The files in a folder whose names have an ending, without it; none when the folder is absent.
    static func files(in folder: String, ending: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0.dropLast(ending.count))" }
    }

    /// The text of a file.
    static func text(_ file: String) throws -> String {
        let bytes = try #require(FileManager.default.contents(atPath: "\(root)/\(file)"), "cannot read \(file)")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file's JSON; null when the file is absent.
    static func json(_ file: String) -> JSONValue {
        guard let bytes = FileManager.default.contents(atPath: "\(root)/\(file)") else { return nil }
        do {
            return try JSONText.parse(Array(bytes))
        } catch {
            Issue.record("\(file): \(error)")
            return nil
        }
    }

    /// The objects of a list in a file, as arguments of a test; of the file itself when that is a list.
    static func rows(_ list: String? = nil, of file: String) -> [Row] {
        let json = json(file)
        let rows = list.map { json.objectValue?[$0]?.arrayValue } ?? json.arrayValue
        return rows?.compactMap(\.objectValue).map(Row.init) ?? []
    }
}

/// One row of a table, shown by its name.
struct Row: Sendable, CustomTestStringConvertible {
    /// What the row says.
    let object: JSONObject

    /// The row's name, else its first text.
    var testDescription: String {
        object["name"]?.stringValue ?? object["id"]?.stringValue ?? object.members.lazy.compactMap(\.value.stringValue)
            .first ?? "row"
    }

    /// A text of the row.
    func text(_ name: String) throws -> String {
        try #require(object[name]?.stringValue, "no text \(name)")
    }

    /// An object in the row; an empty one when there is none.
    func row(_ name: String) -> Row {
        Row(object: object[name]?.objectValue ?? JSONObject())
    }

    /// Objects in the row.
    func rows(_ name: String) -> [Row] {
        object[name]?.arrayValue?.compactMap(\.objectValue).map(Row.init) ?? []
    }
}
