import BraketEnvironment
import SystemPackage
import Testing

@Suite struct DataLocationTests {
    @Test(
        arguments: [
            ("s3://bucket/a/b", "bucket", "a/b"), ("s3://bucket", "bucket", ""), ("s3://bucket/", "bucket", ""),
            (
                "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/point/a/b",
                "arn:aws:s3:us-west-2:123456789012:accesspoint/point", "a/b"
            ),
            (
                "s3://arn:aws:s3:us-west-2:123456789012:accesspoint:point/a",
                "arn:aws:s3:us-west-2:123456789012:accesspoint:point", "a"
            ),
            ("s3://bucket//a", "bucket", "/a"), ("s3://bucket/a/", "bucket", "a/"), ("S3://bucket/a", "bucket", "a"),
            // A key is taken as it is: only web addresses have escapes.
            ("s3://bucket/a%20b?c#d", "bucket", "a%20b?c#d"), ("s3://bucket/ü", "bucket", "ü"),
            // To Swift the slash and the mark after it are one character.
            ("s3://bucket/\u{321}a/\u{321}b", "bucket", "\u{321}a/\u{321}b"),
            ("https://bucket.s3.us-west-2.amazonaws.com/a/b", "bucket", "a/b"),
            ("https://bucket.s3.amazonaws.com/a", "bucket", "a"), ("https://bucket.s3.amazonaws.com", "bucket", ""),
            ("https://bucket.s3-us-west-2.amazonaws.com/a", "bucket", "a"),
            ("https://my.dotted.bucket.s3.eu-west-1.amazonaws.com/a", "my.dotted.bucket", "a"),
            ("https://bucket.s3.dualstack.eu-west-1.amazonaws.com/a", "bucket", "a"),
            ("https://bucket.s3.cn-north-1.amazonaws.com.cn/a", "bucket", "a"),
            ("https://s3-logs.s3.us-east-1.amazonaws.com/a", "s3-logs", "a"),
            ("https://s3.us-west-2.amazonaws.com/bucket/a/b", "bucket", "a/b"),
            ("https://s3.amazonaws.com/bucket", "bucket", ""),
            ("https://s3-eu-west-1.amazonaws.com/bucket/a", "bucket", "a"),
            ("http://bucket.s3.amazonaws.com/a", "bucket", "a"),
            ("https://bucket.s3.amazonaws.com/a%20b%2Fc%25", "bucket", "a b/c%"),
            ("https://bucket.s3.amazonaws.com/%C3%BC%e2%82%ac", "bucket", "ü€"),
            ("https://bucket.s3.amazonaws.com/a+b", "bucket", "a+b"),
        ])
    func objects(text: String, bucket: String, key: String) throws {
        let location = try DataLocation(text, relativeTo: "/work")
        #expect(location == .object(bucket: bucket, key: key))
        #expect(location.description == "s3://\(bucket)/\(key)")
        #expect(location.bucket == bucket && location.key == key)
        // What a flag says goes through the document in this form.
        #expect(try DataLocation(location.description, relativeTo: "/elsewhere") == location)
    }

    @Test(
        arguments: [
            ("/a/b", "/a/b"), ("/a/../b/./c/", "/b/c"), ("a", "/work/a"), ("./a/b", "/work/a/b"), ("../a", "/a"),
            (".", "/work"), ("file:///a/b", "/a/b"), ("file:/a/b", "/a/b"), ("file://localhost/a", "/a"),
            ("FILE:///a", "/a"), ("file:///\u{321}a", "/\u{321}a"), ("file:a/b", "/work/a/b"), ("a b:c", "/work/a b:c"),
            ("/a%20b", "/a%20b"),
            ("~", "/work/~"),
        ])
    func paths(text: String, path: String) throws {
        let location = try DataLocation(text, relativeTo: "/work")
        #expect(location == .local(FilePath(path)))
        #expect(location.description == path)
        #expect(location.bucket == nil && location.key == nil)
        #expect(try DataLocation(location.description, relativeTo: "/elsewhere") == location)
    }

    @Test(
        arguments: [
            ("", "is empty"), ("s3://", "names no bucket"), ("s3:///key", "names no bucket"),
            ("ftp://host/a", "has the scheme \"ftp\""), ("gs://bucket/a", "has the scheme \"gs\""),
            ("https://example.com/a", "is no address of S3"), ("https://amazonaws.com/a", "is no address of S3"),
            ("https://bucket.s3.amazonaws.com.evil.org/a", "is no address of S3"),
            ("https://ec2.us-east-1.amazonaws.com/a", "is no address of S3"), ("https://", "is no address of S3"),
            ("https://s3.amazonaws.com/", "names no bucket"), ("https://s3.amazonaws.com", "names no bucket"),
            ("https://bucket.s3.amazonaws.com/%", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/%4", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/%zz", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/%ff", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/%+5", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/%-0", "holds a broken %-escape"),
            ("https://bucket.s3.amazonaws.com/a?X-Amz-Signature=secret", "has a query"),
            ("file://host/a", "names a host"), ("file://a", "names a host"),
        ])
    func whatIsNoAddress(text: String, words: String) {
        let error = #expect(throws: LocationError.self) { try DataLocation(text, relativeTo: "/work") }
        #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            (StorageMode.managed, "managed", false), (.s3, "s3", true), (.folder("/a/b"), "file:/a/b", true),
        ])
    func storageModes(mode: StorageMode, text: String, movesData: Bool) {
        #expect(mode.description == text)
        #expect(mode.movesData == movesData)
    }
}
