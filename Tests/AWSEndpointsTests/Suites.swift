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

    /// The folders in a folder; none when it is absent.
    static func folders(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.filter { !$0.contains(".") }.sorted().map { "\(folder)/\($0)" }
    }

    /// The text of a file.
    static func text(_ file: String) throws -> String {
        let bytes = try #require(FileManager.default.contents(atPath: "\(root)/\(file)"), "cannot read \(file)")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file's JSON object; empty when the file is absent.
    static func object(_ file: String) -> JSONObject {
        guard let bytes = FileManager.default.contents(atPath: "\(root)/\(file)") else { return JSONObject() }
        do {
            return try JSONText.parse(Array(bytes)).objectValue ?? JSONObject()
        } catch {
            Issue.record("\(file): \(error)")
            return JSONObject()
        }
    }

    /// The objects of a list in a file, as arguments of a test.
    static func rows(_ list: String, of file: String) -> [Row] {
        object(file)[list]?.arrayValue?.compactMap(\.objectValue).map(Row.init) ?? []
    }
}

/// One row of a table, shown by its name.
struct Row: Sendable, CustomTestStringConvertible {
    /// What the row says.
    let object: JSONObject

    /// The row's name, else its first text.
    var testDescription: String {
        object["name"]?.stringValue ?? object.members.lazy.compactMap(\.value.stringValue).first ?? "row"
    }

    /// A text of the row.
    func text(_ name: String) throws -> String {
        try #require(object[name]?.stringValue, "no text \(name)")
    }

    /// An object in the row.
    func row(_ name: String) throws -> Row {
        Row(object: try #require(object[name]?.objectValue, "no object \(name)"))
    }
}
