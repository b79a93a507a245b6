package import Checksums
package import ObjectStorage

/// The documents that S3 takes as the body of a request.
package enum RequestDocument {
    /// A part that CompleteMultipartUpload is to put in its place.
    package struct Part: Hashable, Sendable {
        /// Its number, from 1.
        package let number: Int
        /// The entity tag that its upload was answered with.
        package let entityTag: String
        /// The checksum that it was uploaded with, if any.
        package let checksum: ChecksumValue?

        /// Makes a part.
        ///
        /// - Parameters:
        ///   - number: Its number, from 1.
        ///   - entityTag: The entity tag that its upload was answered with.
        ///   - checksum: The checksum that it was uploaded with, if any.
        package init(number: Int, entityTag: String, checksum: ChecksumValue? = nil) {
            self.number = number
            self.entityTag = entityTag
            self.checksum = checksum
        }
    }

    private static let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

    /// The body of CompleteMultipartUpload.
    ///
    /// - Parameter parts: All parts, by their numbers.
    /// - Returns: The document.
    package static func completeUpload(_ parts: [Part]) -> [UInt8] {
        var document = Array("<CompleteMultipartUpload \(namespace)>".utf8)
        for part in parts {
            document += "<Part><PartNumber>\(part.number)</PartNumber><ETag>".utf8
            append(part.entityTag.utf8, to: &document)
            document += "</ETag>".utf8
            // MD5 is no checksum of parts: its place was the header of the part's upload.
            if let checksum = part.checksum, checksum.algorithm != .md5 {
                let name = "Checksum\(checksum.algorithm.name)"
                document += "<\(name)>\(checksum.base64)</\(name)>".utf8
            }
            document += "</Part>".utf8
        }
        return document + "</CompleteMultipartUpload>".utf8
    }

    /// The body of DeleteObjects, in quiet mode.
    ///
    /// - Parameter keys: At most 1,000 keys, each one that `canName` is true of.
    /// - Returns: The document.
    package static func delete(_ keys: [ObjectKey]) -> [UInt8] {
        var document = Array("<Delete \(namespace)><Quiet>true</Quiet>".utf8)
        for key in keys {
            document += "<Object><Key>".utf8
            append(key.bytes, to: &document)
            document += "</Key></Object>".utf8
        }
        return document + "</Delete>".utf8
    }

    /// Tells whether a document can name a key.
    ///
    /// XML 1.0 has no control characters but three and nothing that is not UTF-8, and one such key would make S3 refuse
    /// all others of the document. The path of a request can name it.
    ///
    /// - Parameter key: The key.
    /// - Returns: false for a key that must be removed by a request of its own.
    package static func canName(_ key: ObjectKey) -> Bool {
        guard let text = String(validating: key.bytes, as: UTF8.self) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x09, 0x0a, 0x0d: true
            case 0..<0x20, 0xfffe, 0xffff: false
            default: true
            }
        }
    }

    /// Adds a text; what a reader would take for markup or make a line feed of is written as a reference.
    private static func append(_ text: some Sequence<UInt8>, to document: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): document += "&amp;".utf8
            case UInt8(ascii: "<"): document += "&lt;".utf8
            case UInt8(ascii: ">"): document += "&gt;".utf8
            case UInt8(ascii: "\""): document += "&quot;".utf8
            case 0..<0x20, 0x7f: document += "&#\(byte);".utf8
            default: document.append(byte)
            }
        }
    }
}
