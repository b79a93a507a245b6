package import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The test suites made by others: in `$BRAKET_SUITES`, else in `shared/suites` beside the repository.
package enum Suites {
    /// What is said of tests whose folder is absent.
    package static let absent = "skipped: no shared suites; set BRAKET_SUITES to their folder"

    /// The folder of all suites.
    package static let root =
        BinaryUnderTest.variable("BRAKET_SUITES")
        ?? BinaryUnderTest.repository.removingLastComponent().appending("shared/suites").string

    /// The names in a folder, except that of the note on where they come from.
    ///
    /// - Parameter folder: The folder's name below ``root``.
    /// - Returns: The names in order; none when the folder is absent.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), name != "SOURCE.txt" { names.append(name) }
        }
        return names.sorted()
    }

    /// The files of a folder whose names have an ending, without it.
    ///
    /// - Parameters:
    ///   - folder: The folder's name below ``root``.
    ///   - ending: What their names end with.
    /// - Returns: Their names below ``root``; none when the folder is absent.
    package static func files(in folder: String, ending: String) -> [String] {
        names(in: folder).filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0.dropLast(ending.count))" }
    }

    /// The folders of a folder, which are the names without a dot.
    ///
    /// - Parameter folder: The folder's name below ``root``.
    /// - Returns: Their names below ``root``; none when the folder is absent.
    package static func folders(in folder: String) -> [String] {
        names(in: folder).filter { !$0.contains(".") }.map { "\(folder)/\($0)" }
    }

    /// A file's bytes.
    ///
    /// - Parameter file: Its name below ``root``.
    /// - Returns: nil when there is no such file.
    package static func bytes(_ file: String) -> [UInt8]? { JobFolder(path: FilePath(root)).bytes(file) }

    /// A file's text.
    ///
    /// - Parameter file: Its name below ``root``.
    /// - Returns: The text.
    /// - Throws: ``SuiteError`` when there is no such file.
    package static func text(_ file: String) throws -> String {
        guard let bytes = bytes(file) else { throw SuiteError(description: "cannot read \(root)/\(file)") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file's JSON.
    ///
    /// - Parameter file: Its name below ``root``.
    /// - Returns: The value; null when there is no such file.
    package static func json(_ file: String) -> JSONValue {
        guard let bytes = bytes(file) else { return .null }
        do {
            return try JSONText.parse(bytes)
        } catch {
            // Tables are read before any test runs; an empty one would pass for an absent folder.
            preconditionFailure("\(root)/\(file): \(error)")
        }
    }

    /// A file's JSON object.
    ///
    /// - Parameter file: Its name below ``root``.
    /// - Returns: The object; empty when there is no such file.
    package static func object(_ file: String) -> JSONObject { json(file).objectValue ?? [:] }

    /// The objects of a list in a file, as arguments of a test; says how many there are.
    ///
    /// - Parameters:
    ///   - list: The list's name; nil for a file that is the list.
    ///   - file: The file's name below ``root``.
    /// - Returns: The rows; none when there is no such file.
    package static func rows(_ list: String? = nil, of file: String) -> [Row] {
        let json = json(file)
        let values = list.map { json.objectValue?[$0]?.arrayValue } ?? json.arrayValue
        let rows = (values ?? []).compactMap(\.objectValue).map(Row.init)
        if !rows.isEmpty { print("\(file): \(counted(rows.count, "row"))") }
        return rows
    }
}

/// One row of a table, shown by its name.
package struct Row: Sendable, CustomStringConvertible {
    /// What the row says.
    package let object: JSONObject

    /// Makes a row.
    ///
    /// - Parameter object: What it says.
    package init(object: JSONObject) {
        self.object = object
    }

    /// The row's name, else its first text.
    package var description: String {
        let name = object["name"] ?? object["id"] ?? object["docs"]
        return name?.stringValue ?? object.members.lazy.compactMap(\.value.stringValue).first ?? "row"
    }

    /// The members that are texts.
    package var texts: [String: String] {
        let texts = object.members.compactMap { member in member.value.stringValue.map { (member.name, $0) } }
        return Dictionary(texts) { $1 }
    }

    /// A text of the row.
    ///
    /// - Parameter name: The member.
    /// - Returns: The text.
    /// - Throws: ``SuiteError`` when it is not there.
    package func text(_ name: String) throws -> String {
        guard let text = object[name]?.stringValue else { throw SuiteError(description: "no text \(name) in \(self)") }
        return text
    }

    /// An object in the row.
    ///
    /// - Parameter name: The member.
    /// - Returns: The object; an empty one when it is not there.
    package func row(_ name: String) -> Row { Row(object: object[name]?.objectValue ?? [:]) }

    /// Objects in the row.
    ///
    /// - Parameter name: The member.
    /// - Returns: The objects; none when it is not there.
    package func rows(_ name: String) -> [Row] {
        object[name]?.arrayValue?.compactMap(\.objectValue).map(Row.init) ?? []
    }

    /// Whether the row has a member that is not null.
    ///
    /// - Parameter name: The member.
    /// - Returns: false for one that is null.
    package func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }
}

/// What is wrong with a suite's files.
package struct SuiteError: Error, CustomStringConvertible {
    /// The sentence.
    package let description: String
}
