/// Archives made byte by byte, so that a test says exactly what is in one and needs no program to make it.
package enum SmallArchives {
    /// A member of a tar archive.
    package struct Member: Sendable {
        let name: String
        let content: [UInt8]
        let type: UInt8
        let linkTarget: String
        let mode: Int

        /// A member of any type.
        ///
        /// - Parameters:
        ///   - name: At most 100 bytes.
        ///   - type: The type flag of the header.
        ///   - linkTarget: Where a link leads.
        ///   - content: The bytes of a file.
        ///   - mode: The permission bits.
        package init(_ name: String, type: Character, linkTarget: String = "", content: [UInt8] = [], mode: Int = 0o644)
        {
            self.name = name
            self.type = type.asciiValue ?? 0x30
            self.linkTarget = linkTarget
            self.content = content
            self.mode = mode
        }

        /// A plain file.
        package static func file(_ name: String, _ text: String, mode: Int = 0o644) -> Member {
            Member(name, type: "0", content: Array(text.utf8), mode: mode)
        }
    }

    /// A ustar archive with its two zero blocks.
    package static func tar(_ members: [Member]) -> [UInt8] {
        var bytes: [UInt8] = []
        for member in members {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at offset: Int) {
                for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
            }
            func octal(_ value: Int, _ digits: Int) -> String {
                let text = String(value, radix: 8)
                return String(repeating: "0", count: digits - text.count) + text
            }
            put(member.name, at: 0)
            put(octal(member.mode, 7), at: 100)
            put(octal(0, 7), at: 108)
            put(octal(0, 7), at: 116)
            put(octal(member.content.count, 11), at: 124)
            put(octal(1_700_000_000, 11), at: 136)
            put("        ", at: 148)
            header[156] = member.type
            put(member.linkTarget, at: 157)
            put("ustar", at: 257)
            put("00", at: 263)
            put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
            bytes += header + member.content
            bytes += [UInt8](repeating: 0, count: (512 - member.content.count % 512) % 512)
        }
        return bytes + [UInt8](repeating: 0, count: 1024)
    }

    /// One gzip member with stored blocks.
    package static func gzip(_ content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = content[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            bytes.append(rest.isEmpty ? 1 : 0)
            bytes += little(block.count, 2) + little(~block.count & 0xFFFF, 2) + block
        } while !rest.isEmpty
        return bytes + little(crc32(content), 4) + little(content.count & 0xFFFF_FFFF, 4)
    }

    /// A gzip-compressed tar archive.
    package static func tarGz(_ members: [Member]) -> [UInt8] { gzip(tar(members)) }

    /// A gzip-compressed tar archive of text files.
    package static func tarGz(files: [String: String]) -> [UInt8] {
        tarGz(files.sorted { $0.key < $1.key }.map { .file($0.key, $0.value) })
    }

    /// A zip archive with stored files.
    package static func zip(_ files: [(name: String, text: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let content = Array(file.text.utf8)
            let common: [UInt8] =
                little(20, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0x5621, 2)
                + little(crc32(content), 4) + little(content.count, 4) + little(content.count, 4)
                + little(file.name.utf8.count, 2) + little(0, 2)
            directory += [0x50, 0x4B, 1, 2] + little(0x031E, 2) + common + little(0, 2) + little(0, 2) + little(0, 2)
            directory += little(0o100644 << 16, 4) + little(bytes.count, 4) + Array(file.name.utf8)
            bytes += [0x50, 0x4B, 3, 4] + common + Array(file.name.utf8) + content
        }
        let end: [UInt8] =
            [0x50, 0x4B, 5, 6] + little(0, 4) + little(files.count, 2) + little(files.count, 2)
            + little(directory.count, 4) + little(bytes.count, 4) + little(0, 2)
        return bytes + directory + end
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> Int {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
        return Int(~value)
    }
}
