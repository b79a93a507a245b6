import ObjectStorage
package import RunnerCore

extension Generation {
    /// Writes the manifest: one JSON document, a file a line, so that a million files need no tree in memory.
    ///
    /// - Parameter write: Gets piece after piece.
    /// - Throws: What `write` throws.
    package func writeManifest(_ write: ([UInt8]) throws -> Void) throws {
        // A reader of version 1 would look for the contents of hosts where they are not.
        let version = files.contains { $0.host != nil } ? 2 : 1
        var head: JSONObject = [
            "version": .number(JSONNumber(version)), "generation": .number(JSONNumber(number)), "run": .string(run),
            "time": .number(JSONNumber(time.milliseconds)), "partial": .bool(isPartial),
        ]
        if !parts.isEmpty {
            head["parts"] = .object(
                JSONObject(parts.sorted { $0.key < $1.key }.map { ($0.key, .number(JSONNumber($0.value))) })
            )
        }
        head["count"] = .number(JSONNumber(files.count + gone.count))
        var piece = Array(JSONValue.object(head).serialized().utf8.dropLast()) + Array(",\"entries\":[\n".utf8)
        var isFirst = true
        func add(_ key: ObjectKey, _ rest: (inout [UInt8]) -> Void) throws {
            if !isFirst { piece += ",\n".utf8 }
            isFirst = false
            Self.appendName(key, to: &piece)
            rest(&piece)
            piece.append(UInt8(ascii: "}"))
            guard piece.count > 60_000 else { return }
            try write(piece)
            piece.removeAll(keepingCapacity: true)
        }
        for file in files { try add(file.key) { Self.append(file, to: &$0) } }
        for key in gone { try add(key) { $0 += ",\"gone\":true".utf8 } }
        try write(piece + Array("\n]}\n".utf8))
    }

    /// Written by hand: of a million files, values of JSON would take a quarter of a minute each time.
    private static func append(_ file: File, to line: inout [UInt8]) {
        line += ",\"size\":".utf8
        line += String(file.sizeBytes).utf8
        line += ",\"sha256\":\"".utf8
        line += file.digest.description.utf8
        line += "\",\"mtime\":".utf8
        line += String(file.modifiedNanoseconds).utf8
        line += ",\"since\":".utf8
        line += String(file.since).utf8
        if file.isSnapshot { line += ",\"snapshot\":true".utf8 }
        if let host = file.host { line += ",\"host\":\(JSONValue.string(host).serialized())".utf8 }
    }

    /// Begins an entry; most names need no escaping.
    private static func appendName(_ key: ObjectKey, to line: inout [UInt8]) {
        let isPlain = key.bytes.allSatisfy {
            (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard isPlain else {
            line += JSONValue.object(name(key)).serialized().utf8.dropLast()
            return
        }
        line += "{\"path\":\"".utf8
        line += key.bytes
        line.append(UInt8(ascii: "\""))
    }

    /// JSON holds only Unicode; a name of other bytes is written in hexadecimal.
    private static func name(_ key: ObjectKey) -> JSONObject {
        if let text = String(validating: key.bytes, as: UTF8.self) { return ["path": .string(text)] }
        let digits = key.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return ["pathHex": .string(digits.joined())]
    }

    // MARK: Reading

    /// Reads a manifest line by line.
    ///
    /// - Parameters:
    ///   - source: The manifest.
    ///   - address: Its address for messages.
    /// - Throws: `ObjectStoreError.damaged` for one that is cut short or no manifest; what `source` throws.
    package init(manifest source: any ByteSource, address: String) throws {
        func damaged(_ reason: String) -> ObjectStoreError {
            ObjectStoreError(.damaged, "\(address.escaped()) is no whole manifest: \(reason)")
        }
        var lines = LineReader(source)
        guard let first = try lines.next(),
            let head = try? JSONText.parse(String(decoding: first, as: UTF8.self) + "]}").objectValue,
            [1, 2].contains(head["version"]?.intValue), let number = head["generation"]?.intValue,
            let run = head["run"]?.stringValue, let count = head["count"]?.intValue
        else { throw damaged("its first line is not one of version 1 or 2") }
        let milliseconds = Int64(head["time"]?.intValue ?? 0)
        self.init(
            number: number,
            run: run,
            time: Timestamp(milliseconds: milliseconds),
            isPartial: head["partial"]?.boolValue ?? false
        )
        for member in head["parts"]?.objectValue?.members ?? [] { parts[member.name] = member.value.intValue }
        var isEnded = false
        while let line = try lines.next() {
            if line.elementsEqual("]}".utf8) {
                isEnded = true
                break
            }
            guard !line.isEmpty else { continue }
            let text = String(decoding: line.last == UInt8(ascii: ",") ? line.dropLast() : line[...], as: UTF8.self)
            // Which rule of JSON a damaged line breaks helps nobody.
            guard let entry = try? JSONText.parse(text).objectValue, add(entry) else {
                throw damaged("line \(files.count + gone.count + 2) is no entry")
            }
        }
        guard isEnded, files.count + gone.count == count else {
            throw damaged("it lists \(files.count + gone.count) of \(count) entries")
        }
    }

    private mutating func add(_ entry: JSONObject) -> Bool {
        let key: ObjectKey
        if let path = entry["path"]?.stringValue {
            key = ObjectKey(path)
        } else if let bytes = entry["pathHex"]?.stringValue.flatMap(Self.bytes(hexadecimal:)) {
            key = ObjectKey(bytes: bytes)
        } else {
            return false
        }
        if entry["gone"]?.boolValue == true {
            gone.append(key)
            return true
        }
        guard let size = entry["size"]?.intValue, let modified = entry["mtime"]?.intValue,
            let digest = entry["sha256"]?.stringValue.flatMap({ ContentDigest(hexadecimal: $0) })
        else { return false }
        files.append(
            File(
                key: key,
                sizeBytes: Int64(size),
                digest: digest,
                modifiedNanoseconds: Int64(modified),
                since: entry["since"]?.intValue ?? number,
                isSnapshot: entry["snapshot"]?.boolValue ?? false,
                host: entry["host"]?.stringValue
            )
        )
        return true
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text)
        guard digits.count.isMultiple(of: 2) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
        return bytes.contains(nil) ? nil : bytes.compactMap { $0 }
    }
}

/// Cuts a source into lines.
private struct LineReader {
    private var source: any ByteSource
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ source: any ByteSource) {
        self.source = source
    }

    /// The next line without its end; nil at the end of the source.
    mutating func next() throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(buffer[start..<end])
            }
            searched = buffer.count - start
            buffer.removeFirst(start)
            start = 0
            guard !isAtEnd else {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = [] }
                return buffer
            }
            let old = buffer.count
            var count = 0
            buffer += [UInt8](repeating: 0, count: 65_536)
            count = try buffer.withUnsafeMutableBytes { all in
                try source.read(into: UnsafeMutableRawBufferPointer(rebasing: all[old...]))
            }
            buffer.removeLast(65_536 - count)
            isAtEnd = count == 0
        }
    }
}
